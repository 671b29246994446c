// Installing, removing, downloading and uploading modules from 1 kB to the limit, beside the floor for the same bytes, and
// a thousand of them in a row.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SIZES, archive } from './lib/archives.mjs';
import { Jobs } from './lib/jobs.mjs';
import { start, stop, until } from './lib/processes.mjs';
import { Rows } from './lib/rows.mjs';
import { median } from './lib/stats.mjs';
import { Stockroom, ask, awaken } from './lib/stockroom.mjs';

const MANY = 1000;
const DOWNLOADS = 10;
const WITHOUT = 'Stockroom, without Node';

export const about =
  'Modules: an installation counts from the request to the event that tells of its end; each is of an archive that was ' +
  'never seen before. The floor reads the same archive, hashes, inflates and checks it, and writes it and all its files, ' +
  'with an fsync each; its download is an axum handler that returns the bytes from memory. “Without Node” is the same ' +
  'server with `--node off`, which copies no files to run and loads no component: the difference, in the step “build”, is ' +
  'what the trial costs. A step counts from when it is told of until the next one is. ' +
  'Before each, the server was asked for something for 300 ms: so neither it nor the machine sleeps, and the process for ' +
  'the trial, which is started in advance, is there and has warmed up. ' +
  `“In a row” are ${MANY.toLocaleString('en')} modules of 1 kB, one after the other without a pause, so that each waits for its process.`;

export async function run({ program, floor, rounds, log }) {
  const rows = new Rows('Modules');
  const place = mkdtempSync(join(tmpdir(), 'modules-bench-'));
  const parties = [];
  try {
    const catalogue = join(place, 'catalogue');
    const made = offers(catalogue, rounds);
    log('modules: servers start');
    for (const [subject, args] of [['Stockroom', []], [WITHOUT, ['--node', 'off']]]) {
      const stockroom = new Stockroom(program, { args: ['--catalogue', catalogue, ...args] });
      parties.push({ subject, stockroom });
      await stockroom.start();
      await stockroom.knows(made.length);
      parties.at(-1).jobs = await Jobs.of(stockroom);
    }
    // What only the first time costs, such as asking Node for its version, is no installation's.
    for (const party of parties) await install(party, made[0].name);
    for (const offer of made.slice(1)) {
      if (offer.first) log(`modules: ${offer.size}, round ${offer.round + 1}`);
      await one(rows, parties, floor, place, offer);
    }
    for (const { size } of SIZES) await downloads(rows, parties[0], floor, made.filter((offer) => offer.size === size), rounds);
    for (const party of parties) {
      for (const offer of made.slice(1)) {
        const begun = performance.now();
        await party.stockroom.request('DELETE', `/modules/${offer.name}`);
        rows.add(`remove, ${offer.size}`, 'ms', performance.now() - begun, party);
      }
    }
    for (const { stockroom } of parties) await stockroom.remove();
    await inARow(rows, program, place, log);
    return { rows: rows.all };
  } finally {
    for (const { stockroom, jobs } of parties) {
      jobs?.close();
      await stockroom.remove();
    }
    rmSync(place, { recursive: true, force: true });
  }
}

/** Writes a folder catalogue: one to warm up, then each size for each round. */
function offers(folder, rounds) {
  mkdirSync(folder, { recursive: true });
  const kinds = Array.from({ length: rounds }, (_, round) => SIZES.map((kind, at) => ({ ...kind, round, first: at === 0, service: `made${at}round${round}` }))).flat();
  return [{ ...SIZES[0], service: 'warmup' }, ...kinds].map((kind) => {
    const file = join(folder, `${kind.service}.zip`);
    writeFileSync(file, archive(kind.service, kind));
    return { ...kind, name: `acme.${kind.service}`, file };
  });
}

async function install({ stockroom, jobs }, name) {
  const begun = performance.now();
  const { ticket } = await stockroom.json('POST', `/modules/${name}/install`, {});
  const { at, steps } = await jobs.end(ticket);
  return { took: at - begun, steps };
}

async function upload({ stockroom, jobs }, body) {
  const begun = performance.now();
  const headers = { 'content-type': 'application/octet-stream' };
  const { ticket } = JSON.parse((await stockroom.request('POST', '/components', { headers, body })).body);
  return (await jobs.end(ticket)).at - begun;
}

/** One archive: every server, and the floor, one after the other. */
async function one(rows, parties, floor, place, offer) {
  for (const party of parties) {
    await awaken(`${party.stockroom.url}/healthz`);
    forgetPeak(party.stockroom);
    const { took, steps } = await install(party, offer.name);
    rows.add(`install, ${offer.size}`, 'ms', took, party);
    for (const { step, took } of steps) rows.add(`install, ${offer.size}, of it ${step}`, 'ms', took, party);
    rows.add(`memory at most, installing ${offer.size}`, 'MB', party.stockroom.memory('VmHWM'), party);
  }
  const [took] = JSON.parse(execFileSync(floor, ['install', offer.file, join(place, 'floor'), '1'], { encoding: 'utf8' }));
  rows.add(`install, ${offer.size}`, 'ms', took, { subject: 'Floor' });
  for (const party of parties) {
    const own = archive(`own${offer.service}`, offer);
    await awaken(`${party.stockroom.url}/healthz`);
    rows.add(`upload, ${offer.size}`, 'ms', await upload(party, own), party);
  }
}

/** From now on the most that it holds is counted anew. */
const forgetPeak = ({ child }) => writeFileSync(`/proc/${child.pid}/clear_refs`, '5');

async function downloads(rows, { stockroom }, floor, [{ size, name, file }], rounds) {
  const child = start(floor, ['serve', file, 'application/zip', 'identity']);
  try {
    const address = await until(() => /http:\S+/.exec(child.said())?.[0], 'the floor serves', { pause: 1 });
    const time = async (url, headers) => {
      const times = [];
      for (let at = 0; at < DOWNLOADS; at++) {
        const begun = performance.now();
        const { status } = await ask(url, { headers });
        if (status !== 200) throw new Error(`${url}: ${status}`);
        times.push(performance.now() - begun);
      }
      return median(times);
    };
    for (let round = 0; round < rounds; round++) {
      rows.add(`download, ${size}`, 'ms', await time(`${stockroom.url}/modules/${name}/download`, stockroom.headers));
      rows.add(`download, ${size}`, 'ms', await time(address), { subject: 'Floor' });
    }
  } finally {
    await stop(child);
  }
}

/** A thousand installations, with Node and without. */
async function inARow(rows, program, place, log) {
  const catalogue = join(place, 'many');
  mkdirSync(catalogue);
  const names = Array.from({ length: MANY }, (_, at) => `many${at}`);
  for (const name of names) writeFileSync(join(catalogue, `${name}.zip`), archive(name, SIZES[0]));
  for (const [subject, args] of [['Stockroom', []], [WITHOUT, ['--node', 'off']]]) {
    log(`modules: ${MANY} in a row, ${subject}`);
    const stockroom = new Stockroom(program, { args: ['--catalogue', catalogue, ...args] });
    try {
      await stockroom.start();
      await stockroom.knows(MANY);
      const party = { stockroom, jobs: await Jobs.of(stockroom) };
      forgetPeak(stockroom);
      const times = [];
      for (const name of names) times.push((await install(party, `acme.${name}`)).took);
      party.jobs.close();
      const sum = times.reduce((sum, time) => sum + time, 0);
      const named = MANY.toLocaleString('en');
      rows.add(`the first 100 of ${named} in a row`, 'ms', median(times.slice(0, 100)), { subject });
      rows.add(`the last 100 of ${named} in a row`, 'ms', median(times.slice(-100)), { subject });
      rows.add(`${named} in a row`, 's', sum / 1000, { subject });
      rows.add(`memory at most, ${named} in a row`, 'MB', stockroom.memory('VmHWM'), { subject });
    } finally {
      await stockroom.remove();
    }
  }
}
