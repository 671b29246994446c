// Stockroom's engine beside Node-RED: the same flow of three components (a request comes in, a text is made of it, it is
// answered), called in turn, in one run on one machine. What counts are the ratios.
//
//   cargo xtask build --release && node benches/engine.mjs
//
// ROUNDS (3), SECONDS of each round (20) and FLOWS (1000) can be set in the environment; NODE_RED is a version (4).
// Node-RED comes from npm into target/bench/. Times are in milliseconds, memory in megabytes (RSS of all its processes).
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { ROUNDS = 3, SECONDS = 20, FLOWS = 1000, NODE_RED = '4' } = process.env;
const PROGRAM = process.env.STOCKROOM_BIN ?? join(ROOT, 'target/release/stockroom');
const GREET = JSON.parse(readFileSync(join(ROOT, 'modules/flows/greet.json'), 'utf8'));
const JSON_TYPE = { 'content-type': 'application/json' };

const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

function ask(url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
    });
    request.on('error', reject).end(body);
  });
}

async function until(check, what) {
  for (const end = Date.now() + 120_000; Date.now() < end; ) {
    const found = await check().catch(() => undefined);
    if (found) return found;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`${what}: not within two minutes`);
}

/** Megabytes of a process and all below it. */
function memory(pid) {
  const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  const own = Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;
  const tasks = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : [];
  const children = tasks.flatMap((task) => read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean));
  return children.reduce((sum, child) => sum + memory(child), own);
}

class Stockroom {
  constructor(name, parent) {
    this.name = name;
    this.folder = mkdtempSync(join(parent, 'stockroom-bench-'));
  }

  async start() {
    const env = { ...process.env, STOCKROOM_ADMIN_EMAIL: 'a@example.com', STOCKROOM_ADMIN_PASSWORD: 'a sentence for a bench' };
    this.process = spawn(PROGRAM, ['serve', '--listen', '127.0.0.1:0', '--data', this.folder], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on('data', (text) => (said += text));
    this.url = await until(async () => /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0], 'Stockroom starts');
    const login = { username: 'a@example.com', password: 'a sentence for a bench' };
    const { token } = await this.post('/user/auth', login);
    this.headers = { ...JSON_TYPE, authorization: `Bearer ${token}` };
    for (const name of ['stockroom.http', 'stockroom.text']) {
      await this.post(`/modules/${name}/install`, {});
      await until(async () => JSON.parse((await ask(`${this.url}/bundles`, { headers: this.headers })).text).some((one) => one.name === name), name);
    }
    this.called = await this.add();
  }

  async post(path, body) {
    const answer = await ask(this.url + path, { method: 'POST', headers: this.headers ?? JSON_TYPE, body: JSON.stringify(body) });
    if (answer.status >= 300) throw new Error(`${path}: ${answer.text}`);
    return JSON.parse(answer.text);
  }

  /** Adds the flow and starts it; gives its address. */
  async add() {
    const { flowId } = await this.post('/flows', GREET);
    await this.post(`/flows/${flowId}/coordinator`, { command: 'start' });
    return `${this.url}/flows/${flowId}/components/${Object.keys(GREET.flow)[0]}`;
  }

  async fill(count) {
    for (let at = 0; at < count; at++) await this.add();
  }
}

class NodeRed {
  name = 'Node-RED';

  async start() {
    const folder = join(ROOT, 'target/bench/node-red');
    mkdirSync(folder, { recursive: true });
    if (!existsSync(join(folder, 'node_modules/node-red'))) {
      execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, `node-red@${NODE_RED}`], { stdio: 'inherit' });
    }
    this.version = JSON.parse(readFileSync(join(folder, 'node_modules/node-red/package.json'), 'utf8')).version;
    this.folder = mkdtempSync(join(tmpdir(), 'node-red-bench-'));
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    writeFileSync(join(this.folder, 'settings.js'), `module.exports = { uiPort: ${port}, uiHost: '127.0.0.1', logging: { console: { level: 'error' } } };`);
    writeFileSync(join(this.folder, 'flows.json'), JSON.stringify(this.tab(0)));
    const program = join(folder, 'node_modules/node-red/red.js');
    this.process = spawn('node', [program, '--userDir', this.folder, 'flows.json'], { stdio: 'ignore' });
    this.url = `http://127.0.0.1:${port}`;
    this.called = `${this.url}/greet0`;
    await until(async () => (await ask(`${this.called}?name=Ada`)).status === 200, 'Node-RED starts');
  }

  /** One flow: a request comes in, a text is made, it is answered. */
  tab(number) {
    const [tab, come, make, answer] = ['t', 'a', 'b', 'c'].map((letter) => `${letter}${number}`);
    return [
      { id: tab, type: 'tab', label: `Greet ${number}` },
      { id: come, z: tab, type: 'http in', url: `/greet${number}`, method: 'get', wires: [[make]] },
      { id: make, z: tab, type: 'template', field: 'payload', fieldType: 'msg', syntax: 'mustache', output: 'json', template: '{"greeting":"Hello, {{req.query.name}}!"}', wires: [[answer]] },
      { id: answer, z: tab, type: 'http response', statusCode: '200', wires: [] },
    ];
  }

  async fill(count) {
    const flows = Array.from({ length: count + 1 }, (_, number) => this.tab(number)).flat();
    const headers = { ...JSON_TYPE, 'Node-RED-API-Version': 'v1' };
    await ask(`${this.url}/flows`, { method: 'POST', headers, body: JSON.stringify(flows) });
    await until(async () => (await ask(`${this.url}/greet${count}?name=Ada`)).status === 200, 'Node-RED deploys');
  }
}

/** Calls for so many seconds, so many at once; gives the calls a second and the times of all of them. */
async function load(url, parallel, seconds) {
  const times = [];
  const end = performance.now() + seconds * 1000;
  const caller = async () => {
    for (let begun = performance.now(); begun < end; begun = performance.now()) {
      const { status, text } = await ask(`${url}?name=Ada`);
      if (status !== 200 || JSON.parse(text).greeting !== 'Hello, Ada!') throw new Error(`${url}: ${status} ${text}`);
      times.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: parallel }, caller));
  times.sort((a, b) => a - b);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
  return { rate: times.length / seconds, p50: at(0.5), p99: at(0.99) };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const shown = (values) => `${median(values).toFixed(1)} (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;

const parties = [new Stockroom('Stockroom', tmpdir()), new Stockroom('Stockroom, data in memory', '/dev/shm'), new NodeRed()];
const results = new Map(parties.map((party) => [party, { alone: [], crowd: [] }]));
try {
  for (const party of parties) {
    await party.start();
    await load(party.called, 8, 3);
    results.get(party).idle = memory(party.process.pid);
  }
  for (let round = 0; round < Number(ROUNDS); round++) {
    for (const party of parties) {
      results.get(party).alone.push(await load(party.called, 1, Number(SECONDS)));
      results.get(party).crowd.push(await load(party.called, 32, Number(SECONDS)));
    }
  }
  for (const party of parties.filter((party) => party.name !== 'Stockroom, data in memory')) {
    await party.fill(Number(FLOWS));
    results.get(party).full = memory(party.process.pid);
  }
  const rows = parties.map((party) => {
    const { alone, crowd, idle, full } = results.get(party);
    const of = (list, what) => shown(list.map((one) => one[what]));
    return {
      '': party.version ? `${party.name} ${party.version}` : party.name,
      'one caller: p50': of(alone, 'p50'),
      p99: of(alone, 'p99'),
      '32 callers: a second': of(crowd, 'rate'),
      'p50 ': of(crowd, 'p50'),
      'p99 ': of(crowd, 'p99'),
      'MB, one flow': idle.toFixed(0),
      [`MB, ${FLOWS} running flows`]: full?.toFixed(0) ?? '–',
    };
  });
  const columns = Object.keys(rows[0]);
  const line = (cells) => `| ${cells.join(' | ')} |`;
  console.log([line(columns), line(columns.map(() => '---')), ...rows.map((row) => line(columns.map((column) => row[column])))].join('\n'));
} finally {
  for (const { process: child, folder } of parties) {
    child?.kill('SIGKILL');
    if (folder) rmSync(folder, { recursive: true, force: true });
  }
  agent.destroy();
}
