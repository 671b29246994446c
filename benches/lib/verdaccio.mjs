// A Verdaccio from npm: a registry of packages, without any other behind it.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { familyMemory, freePort, npm, start, stop, until, versionOf } from './processes.mjs';
import { ask } from './stockroom.mjs';
import { tgz } from './tar.mjs';

export class Verdaccio {
  subject = 'Verdaccio';

  /** `node` is the program that runs it. */
  constructor(node) {
    // One of what it depends on names a tag that not every mirror has.
    const packages = npm('verdaccio', ['verdaccio@6'], { 'node-fetch': '2' });
    this.version = versionOf(packages, 'verdaccio');
    this.node = node;
    this.script = join(packages, 'node_modules/verdaccio/bin/verdaccio');
    this.folder = mkdtempSync(join(tmpdir(), 'verdaccio-bench-'));
  }

  /** Gives the milliseconds until it answers. */
  async start() {
    const file = join(this.folder, 'config.yaml');
    const config = {
      storage: './storage',
      auth: { htpasswd: { file: './htpasswd' } },
      uplinks: {},
      packages: { '**': { access: '$all', publish: '$all', unpublish: '$all' } },
      max_body_size: '50mb',
      log: { type: 'stdout', format: 'json', level: 'error' },
    };
    writeFileSync(file, JSON.stringify(config));
    const port = await freePort();
    this.url = `http://127.0.0.1:${port}`;
    const begun = performance.now();
    this.child = start(this.node, [this.script, '--config', file, '--listen', `127.0.0.1:${port}`], { cwd: this.folder });
    await until(async () => (await ask(`${this.url}/-/ping`)).status === 200, 'Verdaccio is ready', { pause: 1 });
    return performance.now() - begun;
  }

  /** Publishes a small package as npm does. */
  async publish(name, description = 'Made for a bench.') {
    const version = '1.0.0';
    const manifest = { name, version, description, main: 'index.js' };
    const packed = tgz({ 'package.json': JSON.stringify(manifest), 'index.js': 'module.exports = {};\n' });
    const file = `${name}-${version}.tgz`;
    const dist = {
      shasum: createHash('sha1').update(packed).digest('hex'),
      integrity: `sha512-${createHash('sha512').update(packed).digest('base64')}`,
      tarball: `${this.url}/${name}/-/${file}`,
    };
    const body = JSON.stringify({
      _id: name,
      name,
      description,
      'dist-tags': { latest: version },
      versions: { [version]: { ...manifest, _id: `${name}@${version}`, readme: '', dist } },
      readme: '',
      _attachments: { [file]: { content_type: 'application/octet-stream', data: packed.toString('base64'), length: packed.length } },
    });
    const begun = performance.now();
    const answer = await ask(`${this.url}/${name}`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
    if (answer.status >= 300) throw new Error(`Verdaccio, publish: ${answer.status} ${answer.body}`);
    return performance.now() - begun;
  }

  get list() {
    return { url: `${this.url}/-/verdaccio/data/packages`, headers: {} };
  }

  /** The archive of a package. */
  download(name) {
    return { url: `${this.url}/${name}/-/${name}-1.0.0.tgz`, headers: {} };
  }

  get page() {
    return { url: `${this.url}/`, cookies: [] };
  }

  memory() {
    return familyMemory(this.child.pid);
  }

  stop() {
    return stop(this.child);
  }

  async end() {
    await stop(this.child, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
