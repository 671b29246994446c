// Catalogues made for tests: folders with modules, and the same behind a web server that can be slow or wrong.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, test as base } from './fixtures.mjs';
import { makeModuleZip, moduleFiles } from './zip.mjs';

/** `test` with `catalogue`, a folder whose modules the server offers; fill it with `offerModule` before or while it runs. */
export const test = base.extend({
  // The folder's first modules: arguments of `moduleFiles`. An object, because an array means something else to `test.use`.
  offered: [{ modules: [] }, { option: true }],
  catalogue: async ({ offered }, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'catalogue-'));
    await Promise.all(offered.modules.map((module) => writeTree(folder, moduleFiles(module))));
    await use(folder);
    await rm(folder, { recursive: true, force: true });
  },
  serverArgs: async ({ catalogue }, use) => use(['--catalogue', catalogue]),
  server: async ({ server, offered }, use) => {
    await listed(server, offered.modules.length);
    await use(server);
  },
});

/** Writes files by path, as an unpacked module. */
export async function writeTree(folder, files) {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** Puts a module's zip into a catalogue's folder. */
export async function offerModule(folder, module) {
  await writeFile(join(folder, `${module.name}-${module.version ?? '1.0.0'}.zip`), makeModuleZip(module));
}

/** Waits until the server lists so many modules. */
export async function listed(server, number) {
  const count = async () => (await (await server.fetch('/backoffice/index')).json()).rows.length;
  await expect.poll(count, { timeout: 15_000, intervals: [20] }).toBe(number);
}

/** A folder of archives with its index behind `http://127.0.0.1`. */
export class RemoteCatalogue {
  #folder;
  #http;
  #replaced = new Map();

  /** How archives are sent: `all` at once, `drip` by drip, or `silent` after the first bytes. */
  pace = 'all';
  /** Paths of the archives that were asked for. */
  asked = [];

  static async start(modules) {
    const remote = new RemoteCatalogue();
    remote.#folder = await mkdtemp(join(tmpdir(), 'remote-'));
    await Promise.all(modules.map((module) => offerModule(remote.#folder, module)));
    await promisify(execFile)(process.env.STOCKROOM_BIN, ['catalogue', 'index', remote.#folder]);
    remote.#http = createServer((request, response) => remote.#answer(request.url, response));
    remote.#http.listen(0, '127.0.0.1');
    await once(remote.#http, 'listening');
    return remote;
  }

  get address() {
    return `http://127.0.0.1:${this.#http.address().port}/index.json`;
  }

  /** From now on sends something else than the index has announced. */
  replaceArchive(name, bytes) {
    this.#replaced.set(name, bytes);
  }

  /** Sends what the index has announced again. */
  mend() {
    this.#replaced.clear();
  }

  async remove() {
    this.#http.closeAllConnections();
    this.#http.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #answer(path, response) {
    const file = path.slice(1);
    let bytes;
    try {
      bytes = this.#replaced.get(file) ?? (await readFile(join(this.#folder, file)));
    } catch {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-length': bytes.length });
    if (!file.endsWith('.zip')) {
      response.end(bytes);
      return;
    }
    this.asked.push(file);
    let sent = 0;
    while (sent < bytes.length && !response.destroyed) {
      const step = this.pace === 'all' ? bytes.length : this.pace === 'drip' || sent === 0 ? 4 : 0;
      response.write(bytes.subarray(sent, sent + step));
      sent += step;
      if (sent < bytes.length) await sleep(50);
    }
    response.end();
  }
}

/** `test` whose server offers `offered` through a `remote` catalogue on this machine. */
export const remoteTest = base.extend({
  offered: [{ modules: [] }, { option: true }],
  remote: async ({ offered }, use) => {
    const remote = await RemoteCatalogue.start(offered.modules);
    await use(remote);
    await remote.remove();
  },
  serverArgs: async ({ remote }, use) => use(['--allow-private-addresses', '--catalogue', remote.address]),
  server: async ({ server, offered }, use) => {
    await listed(server, offered.modules.length);
    await use(server);
  },
});
