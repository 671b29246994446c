// What the server does at several sizes of its catalogue: starts, reads, answers, holds.
import { rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { module, tree } from './lib/catalogue.mjs';
import { load } from './lib/load.mjs';
import { PLACE, start, stop, until } from './lib/processes.mjs';
import { Rows } from './lib/rows.mjs';
import { Stockroom, ask } from './lib/stockroom.mjs';

export const about =
  'Server: a folder of so many made-up modules as the catalogue; requests with a session and brotli, over connections ' +
  'that stay open. The floor is an axum handler that returns the bytes of the same list page from memory. Memory is ' +
  'the resident set of the server’s process. “Installed” is a registry with the same number of modules installed.';

const CONNECTIONS = [1, 8, 64];

export async function run({ program, floor, rounds, sizes, log }) {
  const rows = new Rows('Server');
  for (const size of sizes) {
    log(`server: ${size} modules in the catalogue`);
    const catalogue = tree(size);
    const stockroom = new Stockroom(program, { args: ['--catalogue', catalogue] });
    try {
      const begun = performance.now();
      rows.add('start to ready, first time', 'ms', await stockroom.start(), { size });
      await stockroom.knows(size);
      rows.add('first start to the whole catalogue', 'ms', performance.now() - begun, { size });
      await sleep(3000);
      rows.add('memory, after the first read', 'MB', stockroom.memory(), { size });
      rows.add('memory, peak of the first read', 'MB', stockroom.memory('VmHWM'), { size });
      for (let round = 0; round < rounds; round++) {
        await stockroom.stop();
        rows.add('start to ready, catalogue known', 'ms', await stockroom.start(), { size });
        if ((await stockroom.count()) < size) throw new Error('a known catalogue is not there at the start');
        await sleep(3000);
        rows.add('memory, idle', 'MB', stockroom.memory(), { size });
      }
      await pages(rows, stockroom, size, { floor, rounds });
      await sleep(1000);
      rows.add('memory, after load', 'MB', stockroom.memory(), { size });
    } finally {
      await stockroom.remove();
    }
    await installed(rows, program, size, { catalogue, rounds, log });
  }
  return { rows: rows.all };
}

/**
 * The same with all of them installed. Putting 10,000 into a registry takes minutes, so the data folder is kept for other
 * runs; it is filled by a server that runs no components.
 */
async function installed(rows, program, size, { catalogue, rounds, log }) {
  const folder = join(PLACE, `installed-${basename(catalogue)}`);
  const stockroom = new Stockroom(program, { args: ['--catalogue', catalogue, '--node', 'off'], folder });
  await stockroom.start();
  await stockroom.knows(size);
  const todo = [];
  for (let offset = 0; offset < size; offset += 500) {
    const { items } = await stockroom.json('GET', `/modules?status=not-installed&limit=500&offset=${offset}`);
    todo.push(...items.map((item) => item.name));
  }
  if (todo.length > 0) log(`server: ${todo.length} modules are being installed`);
  const worker = async () => {
    for (let name = todo.pop(); name; name = todo.pop()) await stockroom.install(name);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  for (let round = 0; round < rounds; round++) {
    await stockroom.stop();
    rows.add('installed: start to ready', 'ms', await stockroom.start(), { size });
    await sleep(3000);
    rows.add('installed: memory, idle', 'MB', stockroom.memory(), { size });
    const headers = { cookie: `stockroom_session=${await stockroom.cookie()}`, 'accept-encoding': 'br' };
    const { p50, p99 } = await load(`${stockroom.url}/backoffice/modules`, { connections: 8, headers });
    rows.add('installed: list, 8 connections, p50', 'ms', p50, { size });
    rows.add('installed: list, 8 connections, p99', 'ms', p99, { size });
  }
  await stockroom.stop();
}

/** List, detail, search and the floor, taking turns. */
async function pages(rows, stockroom, size, { floor, rounds }) {
  const headers = { cookie: `stockroom_session=${await stockroom.cookie()}`, 'accept-encoding': 'br' };
  const addresses = {
    list: '/backoffice/modules',
    detail: `/backoffice/modules/${module(size - 1).name}`,
    search: '/backoffice/modules?q=calendar',
    'REST search': '/modules?search=calendar&limit=50',
  };
  const page = await ask(stockroom.url + addresses.list, { headers });
  const file = join(PLACE, 'list.html.br');
  writeFileSync(file, page.body);
  const beside = start(floor, ['serve', file, page.headers['content-type'], page.headers['content-encoding'] ?? 'identity']);
  try {
    const url = await until(() => /http:\/\/127\.0\.0\.1:\d+/.exec(beside.said())?.[0], 'the floor starts');
    const parties = [...Object.entries(addresses).map(([name, path]) => ['Stockroom', name, stockroom.url + path]), ['Floor', 'list', url]];
    for (const [subject, name, address] of parties) {
      const { bytes } = await load(address, { connections: 8, duration: 500, headers });
      if (subject === 'Stockroom') rows.add(`${name}, on the wire`, 'kB', bytes / 1000, { size });
    }
    for (let round = 0; round < rounds; round++) {
      for (const connections of CONNECTIONS) {
        for (const [subject, name, address] of parties) {
          const { rate, p50, p99 } = await load(address, { connections, headers });
          const what = `${name}, ${connections} connection${connections === 1 ? '' : 's'}`;
          rows.add(`${what}, p50`, 'ms', p50, { size, subject });
          rows.add(`${what}, p99`, 'ms', p99, { size, subject });
          rows.add(`${what}, answers`, 'a second', rate, { size, subject });
        }
      }
    }
    const index = await ask(`${stockroom.url}/backoffice/index`, { headers });
    if (index.status === 200) rows.add('index for searching, on the wire', 'kB', index.body.length / 1000, { size });
  } finally {
    await stop(beside, 'SIGKILL');
    rmSync(file);
  }
}
