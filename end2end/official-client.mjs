// The engine's own command-line client, each time with a home of its own: it must work with Stockroom as it is.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { unzipSync } from 'fflate';
import { ADMIN, expect, test as base } from './fixtures.mjs';
import { moduleFiles } from './zip.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const PROGRAM = join(HERE, 'official-client/node_modules/.bin/appmixer');
const MODULES = join(HERE, '../modules/stockroom');

/** Why the client is not there; empty where it is. `cargo xtask test` sets it where npm cannot be reached. */
export const MISSING = process.env.STOCKROOM_NO_OFFICIAL_CLIENT ?? '';

/** One developer's computer: a home, a folder to work in, and the client. */
export class Client {
  /** Where commands run. */
  folder;

  static async make() {
    const client = new Client();
    client.folder = await mkdtemp(join(tmpdir(), 'client-'));
    return client;
  }

  async remove() {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs one command; gives its exit code and all that it printed, without colours. */
  async run(args, input = '') {
    const home = join(this.folder, '.home');
    const { PATH } = process.env;
    const child = spawn(PROGRAM, args, {
      cwd: this.folder,
      env: { PATH, HOME: home, XDG_CONFIG_HOME: join(home, '.config'), NO_UPDATE_NOTIFIER: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    }
    child.stdin.on('error', () => {}).end(input);
    const [code] = await once(child, 'close');
    return { code, output: output.replaceAll(/\u001b\[[\d;]*m/g, '') };
  }

  /** Runs a command that must succeed, and gives what it printed. */
  async succeed(...args) {
    const { code, output } = await this.run(args);
    expect(code, `appmixer ${args.join(' ')}\n${output}`).toBe(0);
    return output;
  }

  /** Runs a command that must fail, and gives what it printed. */
  async fail(...args) {
    const { code, output } = await this.run(args);
    expect(code, `appmixer ${args.join(' ')}\n${output}`).toBe(1);
    return output;
  }

  login({ email, password }) {
    return this.run(['login', email], `${password}\n`);
  }

  /** Points the client at a server and signs in. */
  async connect(server, person = ADMIN) {
    await this.succeed('url', server.url);
    const { code, output } = await this.login(person);
    expect(code, output).toBe(0);
  }

  /** Copies one of Stockroom's own modules into the folder; `bundle` is laid over its bundle.json. */
  async copyModule(name, bundle = {}) {
    const folder = join(this.folder, name);
    await cp(join(MODULES, name), folder, { recursive: true });
    const file = join(folder, 'bundle.json');
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), ...bundle }, null, 4));
    return folder;
  }

  /** Writes a module made for the test, and gives the folder of its vendor. */
  async writeModule(module) {
    for (const [path, content] of Object.entries(moduleFiles(module))) {
      const file = join(this.folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
    return join(this.folder, module.name.split('.')[0]);
  }

  /** Packs a folder and gives the zip's path. */
  async pack(folder, name) {
    await this.succeed('pack', folder, '-o', name);
    return join(this.folder, `${name}.zip`);
  }

  /** Downloads what a selector names and gives its files by path. */
  async download(selector, name) {
    await this.succeed('download', selector, '-o', name);
    return files(join(this.folder, `${name}.zip`));
  }

  /** What `component ls` lists. */
  async list(...args) {
    const output = await this.succeed('component', 'ls', ...args);
    return output.split('\n').map((line) => line.trim()).filter((line) => /^[\w-]+(\.[\w-]+)+$/.test(line)).sort();
  }
}

/** The files of a zip by path, without folders. */
export async function files(path) {
  const entries = Object.entries(unzipSync(await readFile(path))).filter(([name]) => !name.endsWith('/'));
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Those files whose path begins with `folder`. */
export const below = (all, folder) =>
  Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith(folder)));

/** `test` with a `client` on a computer of its own. */
export const test = base.extend({
  client: async ({}, use) => {
    const client = await Client.make();
    await use(client);
    await client.remove();
  },
});
