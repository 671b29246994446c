// What the first contentful paint of the list waits for: the same page with one thing else each, taking turns.
//
//   node benches/paint.mjs --program target/release/stockroom [--rounds 15] [--size 200]
import { once } from 'node:events';
import http from 'node:http';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { tree } from './lib/catalogue.mjs';
import { launch, visit } from './lib/page.mjs';
import { median } from './lib/stats.mjs';
import { Stockroom, ask, hangUp } from './lib/stockroom.mjs';

const PAGE = '/backoffice/modules';
const CARD = /<li aria-setsize.*?<\/li>/gs;
/** So many cards are on a screen of the size that visits have. */
const SCREEN = 15;

/** The page and its headers, but for one thing. */
const VARIANTS = {
  'as it is': (page) => page,
  'with the opener policy, as for who comes from another site: the browser changes the process': ({ text, headers }) => ({
    text,
    headers: { ...headers, 'cross-origin-opener-policy': 'same-origin' },
  }),
  'without the cards below the screen': changed((text) => {
    let at = 0;
    return text.replace(CARD, (card) => (at++ < SCREEN ? card : ''));
  }),
  'without cards': changed((text) => text.replace(CARD, '')),
  'without icons': changed((text) => text.replace(/<img[^>]*>/g, '')),
  'without scripts': changed((text) => text.replace(/<script type="module".*?<\/script>/s, '')),
  'without styles': changed((text) => text.replace(/<style>.*?<\/style>/s, '')),
  'one word instead': changed(() => '<!DOCTYPE html><title>Stockroom</title><p>Stockroom'),
};

function changed(change) {
  return ({ text, headers }) => ({ text: change(text), headers });
}

const { values } = parseArgs({
  options: {
    program: { type: 'string' },
    rounds: { type: 'string', default: '15' },
    size: { type: 'string', default: '200' },
  },
});
const size = Number(values.size);
const stockroom = new Stockroom(values.program, { args: ['--catalogue', tree(size), '--node', 'off'] });
await stockroom.start();
await stockroom.knows(size);
const cookie = `stockroom_session=${await stockroom.cookie()}`;
const { headers, body } = await ask(stockroom.url + PAGE, {
  headers: { cookie, accept: 'text/html', 'sec-fetch-site': 'none' },
});
// Of this connection, and of another length.
for (const name of ['connection', 'keep-alive', 'content-length', 'transfer-encoding']) delete headers[name];

const parties = [];
for (const [what, change] of Object.entries(VARIANTS)) {
  const page = change({ text: body.toString(), headers });
  const server = http.createServer(async (request, answer) => {
    if (request.url === PAGE) {
      answer.writeHead(200, page.headers).end(page.text);
      return;
    }
    try {
      const file = await ask(stockroom.url + request.url, { headers: { ...request.headers, host: new URL(stockroom.url).host, cookie } });
      answer.writeHead(file.status, file.headers).end(file.body);
    } catch {
      // The stream of events, which has no end but the server's.
      answer.destroy();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  parties.push({ what, server, url: `http://127.0.0.1:${server.address().port}${PAGE}`, paints: [] });
}

const browser = await launch();
for (let round = 0; round < Number(values.rounds); round++) {
  for (const party of parties) party.paints.push((await visit(browser, party.url)).paint);
}
console.log('| the page of the list | first contentful paint, ms | least to most |');
console.log('| --- | --- | --- |');
for (const { what, paints } of parties) {
  console.log(`| ${what} | ${median(paints).toFixed(0)} | ${Math.min(...paints).toFixed(0)} to ${Math.max(...paints).toFixed(0)} |`);
}
await browser.close();
for (const { server } of parties) server.close();
await stockroom.remove();
hangUp();
process.exit(0);
