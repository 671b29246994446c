// Stockroom's engine beside Node-RED: the same flow of three components (a request comes in, a text is made of it, it is
// answered), called in turn, in one run on one machine. What counts are the ratios. In Stockroom each call is three
// messages, every one of them on the disk before it is delivered; Node-RED keeps nothing. What the disk costs shows
// Stockroom with its data in memory (/dev/shm).
//
//   cargo xtask build --release && node benches/engine.mjs
//
// In the environment: ROUNDS (3) with SECONDS (20) of each load, MINUTE (60) for how long the sustained load goes on,
// FLOWS (1000) that run when memory is measured, STOCKROOM_BIN and NODE_RED (its red.js; it comes from npm into
// target/bench/ otherwise). Another bench calls `run`, which gives rows with samples.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const GREET = JSON.parse(readFileSync(join(ROOT, 'modules/flows/greet.json'), 'utf8'));
const JSON_TYPE = { 'content-type': 'application/json' };
/** Messages of one call: one for each component of the flow. */
const MESSAGES = 3;
const CROWD = 32;
/** A sustained load is looked at in slices of so many seconds, so that one sees whether it slows down. */
const SLICE = 10;

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

/** A program with a folder of its own, gone when it is ended. */
class Party {
  memory() {
    return memory(this.process.pid);
  }

  async end() {
    if (this.process && this.process.exitCode === null) {
      const gone = new Promise((resolve) => this.process.once('exit', resolve));
      this.process.kill('SIGKILL');
      await gone;
    }
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
  }
}

export class Stockroom extends Party {
  constructor(program, name = 'Stockroom', parent = tmpdir()) {
    super();
    Object.assign(this, { program, name, folder: mkdtempSync(join(parent, 'stockroom-bench-')) });
  }

  async start() {
    const env = { ...process.env, STOCKROOM_ADMIN_EMAIL: 'a@example.com', STOCKROOM_ADMIN_PASSWORD: 'a sentence for a bench' };
    const args = ['serve', '--listen', '127.0.0.1:0', '--data', this.folder];
    this.process = spawn(this.program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on('data', (text) => (said += text));
    this.url = await until(async () => /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0], 'Stockroom starts');
    const { token } = await this.post('/user/auth', { username: env.STOCKROOM_ADMIN_EMAIL, password: env.STOCKROOM_ADMIN_PASSWORD });
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

/** Node-RED's red.js; from npm when none is given. */
function redJs(given) {
  if (given) return given.endsWith('.js') ? given : join(given, 'node_modules/node-red/red.js');
  const folder = join(ROOT, 'target/bench/node-red');
  const program = join(folder, 'node_modules/node-red/red.js');
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, 'node-red@4'], { stdio: 'inherit' });
  }
  return program;
}

class NodeRed extends Party {
  name = 'Node-RED';

  constructor(program) {
    super();
    this.program = redJs(program);
  }

  async start() {
    this.folder = mkdtempSync(join(tmpdir(), 'node-red-bench-'));
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    writeFileSync(join(this.folder, 'settings.js'), `module.exports = { uiPort: ${port}, uiHost: '127.0.0.1', logging: { console: { level: 'error' } } };`);
    writeFileSync(join(this.folder, 'flows.json'), JSON.stringify(this.tab(0)));
    this.process = spawn('node', [this.program, '--userDir', this.folder, 'flows.json'], { stdio: 'ignore' });
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

/** Calls for so many seconds, so many at once; gives messages a second and the quantiles of the calls' times. */
export async function load(url, parallel, seconds) {
  const times = [];
  const begin = performance.now();
  const end = begin + seconds * 1000;
  const caller = async () => {
    for (let begun = performance.now(); begun < end; begun = performance.now()) {
      const { status, text } = await ask(`${url}?name=Ada`);
      if (status !== 200 || JSON.parse(text).greeting !== 'Hello, Ada!') throw new Error(`${url}: ${status} ${text}`);
      times.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: parallel }, caller));
  const took = (performance.now() - begin) / 1000;
  times.sort((a, b) => a - b);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
  return { rate: (times.length * MESSAGES) / took, p50: at(0.5), p99: at(0.99) };
}

/** Rows of one area, in the order in which their first samples came. */
class Rows {
  rows = [];

  add(figure, subject, unit, sample) {
    const known = this.rows.find((row) => row.figure === figure && row.subject === subject);
    if (known) known.samples.push(sample);
    else this.rows.push({ area: 'Engine', figure, subject, unit, samples: [sample] });
  }

  addLoad(what, subject, { rate, p50, p99 }) {
    this.add(`messages a second, ${what}`, subject, '/s', rate);
    this.add(`webhook to last component, ${what}: p50`, subject, 'ms', p50);
    this.add(`webhook to last component, ${what}: p99`, subject, 'ms', p99);
  }
}

/**
 * Measures, and gives a row for each figure and subject: { area, figure, subject, unit: '/s'|'ms'|'MB', samples }.
 * `program` is Stockroom's, `nodeRed` Node-RED's red.js; `rounds` of `seconds` for each load, then one of `minute` seconds,
 * then memory with `flows` that run. `log` gets a line now and then.
 */
export async function run({ program, nodeRed, rounds = 5, seconds = 20, minute = 60, flows = 1000, log = () => {} } = {}) {
  program ??= join(ROOT, 'target/release/stockroom');
  const inMemory = existsSync('/dev/shm') ? [new Stockroom(program, 'Stockroom, data in memory', '/dev/shm')] : [];
  const parties = [new Stockroom(program), ...inMemory, new NodeRed(nodeRed)];
  const rows = new Rows();
  try {
    for (const party of parties) {
      await party.start();
      await load(party.called, 8, Math.min(3, seconds));
      rows.add('memory, one flow', party.name, 'MB', party.memory());
    }
    for (let round = 1; round <= rounds; round++) {
      for (const party of parties) {
        log(`engine: round ${round} of ${rounds}, ${party.name}`);
        rows.addLoad('one caller', party.name, await load(party.called, 1, seconds));
        rows.addLoad(`${CROWD} callers`, party.name, await load(party.called, CROWD, seconds));
      }
    }
    for (const party of minute > 0 ? parties : []) {
      log(`engine: ${minute} seconds without a pause, ${party.name}`);
      for (let left = minute; left > 0; left -= SLICE) {
        rows.addLoad(`${CROWD} callers for ${minute} s`, party.name, await load(party.called, CROWD, Math.min(SLICE, left)));
      }
    }
    for (const party of flows > 0 ? parties.filter((party) => !inMemory.includes(party)) : []) {
      log(`engine: ${flows} flows, ${party.name}`);
      await party.fill(flows);
      rows.add(`memory, ${flows} running flows`, party.name, 'MB', party.memory());
    }
    return rows.rows;
  } finally {
    await Promise.all(parties.map((party) => party.end()));
    agent.destroy();
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** A table: a line for each figure, a column for each subject, and how often Node-RED's it is. */
function table(rows) {
  const subjects = [...new Set(rows.map((row) => row.subject))];
  const shown = ({ samples, unit }) => {
    const [middle, least, most] = [median(samples), Math.min(...samples), Math.max(...samples)].map((value) => value.toFixed(value < 100 ? 1 : 0));
    return samples.length > 1 ? `${middle} ${unit} (${least} to ${most})` : `${middle} ${unit}`;
  };
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const lines = [...new Set(rows.map((row) => row.figure))].map((figure) => {
    const of = (subject) => rows.find((row) => row.figure === figure && row.subject === subject);
    const [own, peer] = [of(subjects[0]), of('Node-RED')];
    const ratio = own && peer ? `${(median(own.samples) / median(peer.samples)).toPrecision(2)} ×` : '–';
    return line([figure, ...subjects.map((subject) => (of(subject) ? shown(of(subject)) : '–')), ratio]);
  });
  return [line(['Engine', ...subjects, 'beside Node-RED']), line(['---', ...subjects.map(() => '---'), '---']), ...lines].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { ROUNDS = 3, SECONDS = 20, MINUTE = 60, FLOWS = 1000, STOCKROOM_BIN, NODE_RED } = process.env;
  const [rounds, seconds, minute, flows] = [ROUNDS, SECONDS, MINUTE, FLOWS].map(Number);
  console.log(table(await run({ program: STOCKROOM_BIN, nodeRed: NODE_RED, rounds, seconds, minute, flows, log: console.error })));
}
