// The engine beside Node-RED: the same flow of three components (a request comes in, a text is made of it, it is answered).
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from './lib/load.mjs';
import { node22 } from './lib/node.mjs';
import { NodeRed } from './lib/node-red.mjs';
import { ROOT, familyMemory, until } from './lib/processes.mjs';
import { Rows } from './lib/rows.mjs';
import { Stockroom, ask } from './lib/stockroom.mjs';

const GREET = JSON.parse(readFileSync(join(ROOT, 'modules/flows/greet.json'), 'utf8'));
const SECOND = 1000;
/** Messages of one call: one for each component of the flow. */
const MESSAGES = 3;
const CROWD = 32;
const ROUND = 5 * SECOND;
/** More tell nothing new: the long load of each takes a minute. */
const ROUNDS = 2;
/** The long load, in slices, so that one sees whether it slows down. */
const [SLICES, SLICE] = [6, 10 * SECOND];
const FLOWS = 1000;
const MEMORY = '/dev/shm';

export const about =
  'Engine: the same flow of three components in each, called by one caller and by 32, each waiting for the answer of the ' +
  'last component. In Stockroom a call is three messages, every one of them on the disk before it is delivered; Node-RED ' +
  'keeps nothing and runs all in one process. “Data in memory” is Stockroom with its data folder in `/dev/shm`: the ' +
  'difference is what the disk costs. All on the same Node.js. Memory is that of all processes. Two rounds, and a minute for each without a pause.';

export async function run({ program, rounds, log }) {
  const rows = new Rows('Engine');
  const node = node22();
  const args = ['--node', node.program];
  const parties = [new Ours(new Stockroom(program, { args }), 'Stockroom')];
  if (existsSync(MEMORY)) parties.push(new Ours(new Stockroom(program, { args, parent: MEMORY }), 'Stockroom, data in memory'));
  const nodeRed = new Theirs(new NodeRed(node.program));
  parties.push(nodeRed);
  try {
    for (const party of parties) {
      await party.start();
      await called(party, 8, 3 * SECOND);
      rows.add('memory, one flow', 'MB', party.memory(), party);
    }
    for (let round = 1; round <= Math.min(rounds, ROUNDS); round++) {
      for (const party of parties) {
        log(`engine: round ${round}, ${party.subject}`);
        add(rows, 'one caller', party, await called(party, 1, ROUND));
        add(rows, `${CROWD} callers`, party, await called(party, CROWD, ROUND));
      }
    }
    for (const party of parties) {
      log(`engine: a minute without a pause, ${party.subject}`);
      for (let slice = 0; slice < SLICES; slice++) add(rows, `${CROWD} callers for a minute`, party, await called(party, CROWD, SLICE));
    }
    for (const party of parties.filter((party) => party.subject !== 'Stockroom, data in memory')) {
      log(`engine: ${FLOWS} flows, ${party.subject}`);
      await party.fill(FLOWS);
      rows.add(`memory, ${FLOWS} running flows`, 'MB', party.memory(), party);
    }
  } finally {
    for (const party of parties) await party.end();
  }
  return { rows: rows.all, versions: { 'Node-RED': nodeRed.version, 'the engines on Node': node.version } };
}

const called = (party, connections, duration) =>
  load(`${party.address}?name=Ada`, { connections, duration, isRight: (text) => JSON.parse(text).greeting === 'Hello, Ada!' });

function add(rows, what, party, { rate, p50, p99 }) {
  rows.add(`messages, ${what}`, 'a second', rate * MESSAGES, party);
  rows.add(`request to answer, ${what}, p50`, 'ms', p50, party);
  rows.add(`request to answer, ${what}, p99`, 'ms', p99, party);
}

class Ours {
  constructor(stockroom, subject) {
    Object.assign(this, { stockroom, subject });
  }

  async start() {
    await this.stockroom.start();
    await this.stockroom.knows(1);
    for (const name of ['stockroom.http', 'stockroom.text']) await this.stockroom.install(name);
    this.address = await this.add();
  }

  /** Adds the flow and starts it; gives the address of its first component. */
  async add() {
    const { flowId } = await this.stockroom.json('POST', '/flows', GREET);
    await this.stockroom.json('POST', `/flows/${flowId}/coordinator`, { command: 'start' });
    return `${this.stockroom.url}/flows/${flowId}/components/${Object.keys(GREET.flow)[0]}`;
  }

  async fill(count) {
    for (let at = 0; at < count; at++) await this.add();
  }

  memory() {
    return familyMemory(this.stockroom.child.pid);
  }

  end() {
    return this.stockroom.remove();
  }
}

class Theirs {
  subject = 'Node-RED';

  constructor(nodeRed) {
    this.nodeRed = nodeRed;
    this.version = nodeRed.version;
  }

  async start() {
    await this.nodeRed.start();
    await this.fill(0);
    this.address = `${this.nodeRed.url}/greet0`;
  }

  async fill(count) {
    await this.nodeRed.deploy(Array.from({ length: count + 1 }, (_, number) => tab(number)).flat());
    const answers = async () => (await ask(`${this.nodeRed.url}/greet${count}?name=Ada`)).status === 200;
    await until(answers, 'Node-RED deploys');
  }

  memory() {
    return this.nodeRed.memory();
  }

  end() {
    return this.nodeRed.end();
  }
}

/** One flow in Node-RED's words. */
function tab(number) {
  const [tab, come, make, answer] = ['t', 'a', 'b', 'c'].map((letter) => `${letter}${number}`);
  return [
    { id: tab, type: 'tab', label: `Greet ${number}` },
    { id: come, z: tab, type: 'http in', url: `/greet${number}`, method: 'get', wires: [[make]] },
    { id: make, z: tab, type: 'template', field: 'payload', fieldType: 'msg', syntax: 'mustache', output: 'json', template: '{"greeting":"Hello, {{req.query.name}}!"}', wires: [[answer]] },
    { id: answer, z: tab, type: 'http response', statusCode: '200', wires: [] },
  ];
}
