// 10. Every example flow runs for real: its modules are installed, it is started, and what it answers is looked at.
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { install } from './client.mjs';
import { expect, test } from './fixtures.mjs';

const FOLDER = new URL('../modules/flows/', import.meta.url);
const JSON_TYPE = { 'content-type': 'application/json' };

const read = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'));
const first = (example) => Object.keys(example.flow)[0];

async function send(server, path, body) {
  const answer = await server.fetch(path, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) });
  expect(answer.status, await answer.clone().text()).toBe(200);
  return answer.json();
}

/** Installs what an example needs, and starts it; gives the flow's id. */
async function start(server, example) {
  const modules = new Set(Object.values(example.flow).map((node) => node.type.split('.').slice(0, 2).join('.')));
  for (const name of modules) {
    await install(server, name);
  }
  const { flowId } = await send(server, '/flows', example);
  await send(server, `/flows/${flowId}/coordinator`, { command: 'start' });
  return flowId;
}

/** Calls the first component of a flow, as anybody may. */
async function call(server, flow, example, { query = '', ...init } = {}) {
  const answer = await server.fetch(`/flows/${flow}/components/${first(example)}${query}`, { cookie: null, ...init });
  return [answer.status, await answer.json()];
}

/** What each example that answers is asked, and what it then says. */
const ANSWERS = {
  greet: [[{ query: '?name=Ada' }, [200, { greeting: 'Hello, Ada!' }]]],
  each: [[{ method: 'POST', headers: JSON_TYPE, body: '["ada","grace"]' }, [200, { names: ['ADA', 'GRACE'] }]]],
  once: [
    [{ query: '?id=7' }, [201, { isNew: true, id: '7' }]],
    [{ query: '?id=7' }, [200, { isNew: false, id: '7', firstSeen: expect.any(String) }]],
    [{ query: '?id=8' }, [201, { isNew: true, id: '8' }]],
  ],
  table: [
    [
      { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'name,points\nAda,3\nBob,4.5\n', query: '?column=points' },
      [200, { count: 2, sum: 7.5, average: 3.75 }],
    ],
  ],
};

for (const [name, exchanges] of Object.entries(ANSWERS)) {
  test(`${name} answers`, async ({ server }) => {
    const example = read(name);
    const flow = await start(server, example);
    for (const [asked, said] of exchanges) {
      expect(await call(server, flow, example, asked)).toEqual(said);
    }
  });
}

test('heartbeat writes its line', async ({ server }) => {
  const lines = [];
  const receiver = createServer((request, response) => {
    request.on('data', (text) => lines.push(String(text)));
    request.on('end', () => response.end());
  });
  await new Promise((ready) => receiver.listen(0, '127.0.0.1', ready));
  try {
    const example = read('heartbeat');
    const writer = Object.keys(example.flow).at(-1);
    // What it writes goes to somebody who listens.
    example.flow.listener = {
      type: 'stockroom.http.core.Request',
      source: { in: { [writer]: ['out'] } },
      config: {
        transform: {
          in: {
            [writer]: {
              out: {
                type: 'json2new',
                lambda: { method: 'POST', url: `http://127.0.0.1:${receiver.address().port}/`, bodyType: 'text', body: '{{{line}}}' },
                modifiers: { body: { line: { variable: `$.${writer}.out.text` } } },
              },
            },
          },
        },
      },
    };
    await send(server, '/config', { key: 'COMPONENT_POLLING_INTERVAL', value: 200 });
    await start(server, example);
    await expect.poll(() => lines[0], { timeout: 15_000 }).toMatch(/^Minute 1, at \d{4}-\d\d-\d\dT.*\.$/);
  } finally {
    receiver.close();
  }
});

test('there is no example that is not tried', () => {
  const files = readdirSync(FOLDER).map((file) => file.replace('.json', ''));
  expect(files.sort()).toEqual([...Object.keys(ANSWERS), 'heartbeat'].sort());
});
