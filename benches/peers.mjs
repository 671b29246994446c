// Stockroom beside Node-RED and Verdaccio: start, install, remove, list, download, memory and the first page.
import { setTimeout as sleep } from 'node:timers/promises';
import { SIZES, archive } from './lib/archives.mjs';
import { module, tree } from './lib/catalogue.mjs';
import { Jobs } from './lib/jobs.mjs';
import { load } from './lib/load.mjs';
import { node22 } from './lib/node.mjs';
import { NodeRed } from './lib/node-red.mjs';
import { launch, visit } from './lib/page.mjs';
import { Rows } from './lib/rows.mjs';
import { familyMemory } from './lib/processes.mjs';
import { Stockroom, awaken } from './lib/stockroom.mjs';
import { Verdaccio } from './lib/verdaccio.mjs';

const LISTED = 200;
/** Modules in the catalogue of the Stockroom that is started only. */
const LARGE = 10_000;
const SECOND = 1000;

export const about =
  'Peers: each is started, asked and ended in turn, in every round. “install” sends a small archive that was never seen ' +
  'before and waits until it is in use: a module by `POST /components`, a package with one node by `POST /nodes` of ' +
  'Node-RED’s admin API (which starts npm), and “publish” sends it to a registry. Before each, the ' +
  'party was asked for its list for 300 ms, so that nobody sleeps. “list” is a second of one caller: ' +
  `\`GET /modules?limit=${LISTED}\` of ${LISTED} modules, Verdaccio’s list of ${LISTED} packages, and Node-RED’s ` +
  '`GET /nodes` of those that it brings along. “download” is a small archive. The page is the first visit of an empty ' +
  'profile: the list, the registry’s list, and the editor; a second after the window was opened, since until then the ' +
  'browser loads pages of its own. Memory is that of all its processes, two seconds after the start. A second Stockroom, ' +
  `which knows ${LARGE.toLocaleString('en')} modules, is started once in each round.`;

export async function run({ program, rounds, log }) {
  const rows = new Rows('Peers');
  log('peers: what is missing is installed by npm');
  const node = node22();
  const verdaccio = new Verdaccio(node.program);
  const nodeRed = new NodeRed(node.program);
  const ours = new Ours(program);
  const parties = [ours, nodeRed, verdaccio];
  const large = new Stockroom(program, { args: ['--catalogue', tree(LARGE)] });
  const versions = {
    'Node-RED': nodeRed.version,
    Verdaccio: verdaccio.version,
    'both on Node': node.version,
  };
  const browser = await launch();
  try {
    for (const party of parties) {
      log(`peers: ${party.subject} is made ready`);
      await party.start();
      await party.fill?.();
    }
    for (let at = 0; at < LISTED; at++) {
      const { name } = module(at);
      await verdaccio.publish(name.toLowerCase().replaceAll('.', '-'));
    }
    for (const party of parties) await party.stop();
    log(`peers: Stockroom reads ${LARGE} modules`);
    await large.start();
    await large.knows(LARGE);
    await large.stop();
    for (let round = 0; round < rounds; round++) {
      for (const party of parties) {
        log(`peers: round ${round + 1}, ${party.subject}`);
        await measure(rows, browser, party, round);
      }
      rows.add(`start to ready, ${LARGE.toLocaleString('en')} modules known`, 'ms', await large.start(), { subject: ours.subject });
      await sleep(2 * SECOND);
      await large.stop();
    }
  } finally {
    await browser.close();
    await large.remove();
    for (const party of parties) await party.end();
  }
  return { rows: rows.all, versions };
}

async function measure(rows, browser, party, round) {
  const { subject } = party;
  const add = (figure, unit, sample) => rows.add(figure, unit, sample, { subject });
  add('start to ready', 'ms', await party.start());
  await sleep(2 * SECOND);
  add('memory, idle', 'MB', party.memory());
  const name = `bench-${round}`;
  const ready = () => awaken(party.list.url, party.list.headers);
  await ready();
  if (party.install) {
    add('install', 'ms', await party.install(name));
  }
  if (party.publish) {
    await ready();
    add('publish', 'ms', await party.publish(party.install ? `${name}-published` : name));
  }
  if (party.download) {
    const { p50 } = await load(party.download(name).url, { duration: SECOND, headers: party.download(name).headers });
    add('download', 'ms', p50);
  }
  await ready();
  if (party.remove) add('remove', 'ms', await party.remove(name));
  const { p50, p99 } = await load(party.list.url, { duration: SECOND, headers: party.list.headers });
  add('list, p50', 'ms', p50);
  add('list, p99', 'ms', p99);
  const { paint, requests, kilobytes } = await visit(browser, party.page.url, party.page.cookies);
  add('first contentful paint', 'ms', paint);
  add('page, requests', '', requests);
  add('page, on the wire', 'kB', kilobytes);
  await party.stop();
}

/** Stockroom, with the words of the others. */
class Ours {
  subject = 'Stockroom';

  constructor(program) {
    this.stockroom = new Stockroom(program, { args: ['--catalogue', tree(LISTED)] });
  }

  async start() {
    const took = await this.stockroom.start();
    this.cookie ??= await this.stockroom.cookie();
    this.jobs = await Jobs.of(this.stockroom);
    return took;
  }

  fill() {
    return this.stockroom.knows(LISTED);
  }

  /** Sends an archive; gives the milliseconds until it is installed. */
  async install(name) {
    const body = archive(service(name), SIZES[0]);
    const begun = performance.now();
    const headers = { 'content-type': 'application/octet-stream' };
    const { body: answer } = await this.stockroom.request('POST', '/components', { headers, body });
    return (await this.jobs.end(JSON.parse(answer).ticket)).at - begun;
  }

  publish(name) {
    return this.install(name);
  }

  async remove(name) {
    const begun = performance.now();
    await this.stockroom.request('DELETE', `/modules/acme.${service(name)}`);
    return performance.now() - begun;
  }

  get list() {
    return { url: `${this.stockroom.url}/modules?limit=${LISTED}`, headers: this.stockroom.headers };
  }

  download(name) {
    return { url: `${this.stockroom.url}/modules/acme.${service(name)}/download`, headers: this.stockroom.headers };
  }

  get page() {
    const cookie = { name: 'stockroom_session', value: this.cookie, url: this.stockroom.url };
    return { url: `${this.stockroom.url}/backoffice/modules`, cookies: [cookie] };
  }

  memory() {
    return familyMemory(this.stockroom.child.pid);
  }

  stop() {
    this.jobs?.close();
    return this.stockroom.stop();
  }

  end() {
    return this.stockroom.remove();
  }
}

/** A module's name has no hyphens. */
const service = (name) => name.replaceAll('-', '');
