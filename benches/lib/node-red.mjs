// A Node-RED from npm, of which nodes are installed by its admin API.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { familyMemory, freePort, npm, start, stop, until, versionOf } from './processes.mjs';
import { ask } from './stockroom.mjs';
import { tgz } from './tar.mjs';

const JSON_ONLY = { accept: 'application/json' };

export class NodeRed {
  subject = 'Node-RED';

  /** `node` is the program that runs it. */
  constructor(node) {
    const packages = npm('node-red-5', ['node-red@5']);
    this.version = versionOf(packages, 'node-red');
    this.command = [node, join(packages, 'node_modules/node-red/red.js')];
    this.folder = mkdtempSync(join(tmpdir(), 'node-red-bench-'));
  }

  /** Gives the milliseconds until its admin API answers. */
  async start() {
    const port = await freePort();
    writeFileSync(
      join(this.folder, 'settings.js'),
      `module.exports = { uiPort: ${port}, uiHost: '127.0.0.1', telemetry: { enabled: false }, logging: { console: { level: 'error' } } };`,
    );
    this.url = `http://127.0.0.1:${port}`;
    const [node, script] = this.command;
    const begun = performance.now();
    this.child = start(node, [script, '--userDir', this.folder]);
    await until(async () => (await ask(`${this.url}/nodes`, { headers: JSON_ONLY })).status === 200, 'Node-RED is ready', { pause: 1 });
    return performance.now() - begun;
  }

  /** Adds these tabs of flows to none, and starts them. */
  async deploy(nodes) {
    const headers = { 'content-type': 'application/json', 'node-red-api-version': 'v1' };
    await this.#asked('POST', '/flows', headers, JSON.stringify(nodes));
  }

  /** Installs a package with one node, sent as an archive. */
  async install(name) {
    const packed = tgz({
      'package.json': JSON.stringify({ name, version: '1.0.0', 'node-red': { version: '>=3.0.0', nodes: { [name]: 'node.js' } } }),
      'node.js': `module.exports = function (RED) { RED.nodes.registerType('${name}', function (config) { RED.nodes.createNode(this, config); }); };\n`,
      'node.html': `<script type="text/javascript">RED.nodes.registerType('${name}', { category: 'function', defaults: {}, inputs: 1, outputs: 1 });</script>\n`,
    });
    const form = new FormData();
    form.append('tarball', new Blob([packed], { type: 'application/gzip' }), `${name}-1.0.0.tgz`);
    const request = new Request(`${this.url}/nodes`, { method: 'POST', body: form });
    const body = Buffer.from(await request.arrayBuffer());
    const begun = performance.now();
    await this.#asked('POST', '/nodes', { 'content-type': request.headers.get('content-type') }, body);
    return performance.now() - begun;
  }

  async remove(name) {
    const begun = performance.now();
    await this.#asked('DELETE', `/nodes/${name}`);
    return performance.now() - begun;
  }

  async #asked(method, path, headers = {}, body = undefined) {
    const answer = await ask(this.url + path, { method, headers: { ...JSON_ONLY, ...headers }, body });
    if (answer.status >= 300) throw new Error(`Node-RED, ${method} ${path}: ${answer.status} ${answer.body}`);
    return answer;
  }

  get list() {
    return { url: `${this.url}/nodes`, headers: JSON_ONLY };
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
