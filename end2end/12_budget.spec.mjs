// What a visit of the list costs with hundreds of modules: bytes on the wire, requests, and nothing that jumps. Sizes and
// counts alone, no times.
import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32, deflateSync } from 'node:zlib';
import { test } from './catalogue.mjs';
import { expect, gotoHydrated } from './fixtures.mjs';
import { card, cards, searchBox } from './locators.mjs';

const LIST = '/backoffice/modules';
/** At most, in bytes (1 kB is 1,000 bytes). */
const FIRST_VISIT = 300_000;
const REQUESTS = 12;
const SECOND_VISIT = 20_000;
/** A page that asks for nothing for so long has come to rest. */
const REST_MS = 1_200;

/** The same numbers from the same seed, from 0 to 1. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Log-normal with this median. */
function size(next, median, spread, most) {
  const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Math.min(most, Math.max(400, median * Math.exp(spread * normal)));
}

/** A round thing on nothing, with so much noise that it takes about `bytes`. */
function png(next, bytes) {
  const side = Math.round(Math.min(700, Math.max(24, Math.sqrt(bytes * 2))));
  const noise = Math.max(2, Math.min(128, Math.round(2 ** ((bytes * 8) / (side * side * 3)))));
  const [red, green, blue] = [next() * 200, next() * 200, next() * 200];
  const rows = Buffer.alloc(side * (side * 4 + 1));
  for (let y = 0, at = 0; y < side; y += 1) {
    at += 1;
    for (let x = 0; x < side; x += 1, at += 4) {
      if ((x - side / 2) ** 2 + (y - side / 2) ** 2 > (side / 2) ** 2) continue;
      const light = (x / side) * 40;
      for (const [place, colour] of [red, green, blue].entries()) {
        rows[at + place] = Math.min(255, colour * 0.6 + light + next() * noise);
      }
      rows[at + 3] = 255;
    }
  }
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 6, 0, 0, 0]);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

/** Shapes of random colours until it takes about `bytes`. */
function svg(next, bytes) {
  const number = (most) => (next() * most).toFixed(2);
  const colour = () => `#${Math.floor(next() * 0xffffff).toString(16).padStart(6, '0')}`;
  let text = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="${colour()}"/>`;
  while (text.length < bytes) {
    text += `<path fill="${colour()}" d="M${number(64)} ${number(64)}c${number(9)} ${number(9)} ${number(9)} ${number(9)} ${number(9)} ${number(9)}z"/>`;
  }
  return Buffer.from(`${text}</svg>`);
}

/** Half of the icons are drawings, most of them small; the others are pictures of up to 500 kB. */
function modules(count) {
  const next = random(5);
  return Array.from({ length: count }, (_, place) => {
    const isDrawing = next() < 0.5;
    const bytes = isDrawing ? svg(next, size(next, 1_200, 0.9, 120_000)) : png(next, size(next, 8_200, 1.3, 500_000));
    const number = String(place).padStart(4, '0');
    return {
      name: `acme.m${number}`,
      label: `Module ${number}`,
      description: `Made for tests, with an icon of ${bytes.length} bytes and the number ${next()}.`,
      manifest: { icon: `data:image/${isDrawing ? 'svg+xml' : 'png'};base64,${bytes.toString('base64')}` },
      components: ['Find', 'Make', 'Send', 'Watch', 'Change'].map((verb) => `${verb}Thing${place}`),
    };
  });
}

/** Listens to what the page asks for from now on. */
async function watchWire(page) {
  const wire = { requests: [], bytes: 0, changedAt: Date.now() };
  const session = await page.context().newCDPSession(page);
  const note = (bytes) => {
    wire.bytes += bytes;
    wire.changedAt = Date.now();
  };
  const streams = new Set();
  session.on('Network.requestWillBeSent', ({ requestId, request, type }) => {
    if (request.url.startsWith('data:')) return;
    wire.requests.push(request.url);
    if (type === 'EventSource') streams.add(requestId);
    note(0);
  });
  session.on('Network.dataReceived', ({ requestId, encodedDataLength }) => {
    // A stream has no end that would tell its size.
    if (streams.has(requestId)) note(encodedDataLength);
  });
  session.on('Network.loadingFinished', ({ encodedDataLength }) => note(encodedDataLength));
  await session.send('Network.enable');
  return wire;
}

async function rest(wire) {
  while (Date.now() - wire.changedAt < REST_MS) await sleep(50);
}

/** Adds up how far things have jumped on the page. */
async function watchShifts(page) {
  await page.addInitScript(() => {
    globalThis.shifts = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) globalThis.shifts.push(entry.value);
    }).observe({ type: 'layout-shift', buffered: true });
  });
}

test.use({ offered: { modules: modules(300) }, viewport: { width: 1280, height: 800 } });
test.setTimeout(120_000);

test('a first and a second visit of the list stay within their budget', async ({ page, server }) => {
  await watchShifts(page);
  const first = await watchWire(page);
  await gotoHydrated(page, LIST);
  await rest(first);
  expect(first.requests.filter((address) => !address.startsWith(`${server.url}/`))).toEqual([]);
  expect(first.requests.length, first.requests.join('\n')).toBeLessThanOrEqual(REQUESTS);
  expect(first.bytes, first.requests.join('\n')).toBeLessThanOrEqual(FIRST_VISIT);
  expect(await page.evaluate(() => globalThis.shifts)).toEqual([]);

  await page.goto('about:blank');
  const second = await watchWire(page);
  await gotoHydrated(page, LIST);
  await rest(second);
  expect(second.bytes, second.requests.join('\n')).toBeLessThanOrEqual(SECOND_VISIT);
  expect(await page.evaluate(() => globalThis.shifts)).toEqual([]);
});

test('nothing jumps when the whole list comes, and icons come together', async ({ page }) => {
  await watchShifts(page);
  await gotoHydrated(page, LIST);
  const wire = await watchWire(page);
  await searchBox(page).hover();
  await rest(wire);
  expect(await page.evaluate(() => globalThis.shifts)).toEqual([]);
  await searchBox(page).fill('acme.m02');
  await expect(card(page, 'acme.m0200')).toBeVisible();
  await rest(wire);
  const icons = wire.requests.filter((address) => address.includes('/backoffice/icons/'));
  expect(icons.length, icons.join('\n')).toBeLessThanOrEqual(2);
});

/** Whether there are cards on the screen, and those of them that do not show their own icon. */
const shown = (page) =>
  cards(page).evaluateAll(async (all) => {
    const { items } = await (await fetch('/modules?limit=300')).json();
    const iconOf = (card) => items.find(({ name }) => card.getAttribute('href').endsWith(`/${name}`)).icon;
    const sheets = {};
    const viewsOf = (address) => (sheets[address] ??= fetch(address).then(async (answer) => {
      const views = (await answer.text()).matchAll(/<view id="i(\w+)" viewBox="0 (\d+) 40 40"/g);
      // By where they begin.
      return Object.fromEntries([...views].map(([, id, top]) => [top, id]));
    }));
    const near = all.filter((one) => one.getBoundingClientRect().bottom > 0 && one.getBoundingClientRect().top < innerHeight);
    const names = await Promise.all(near.map(async (one) => {
      const sheet = one.querySelector('svg image')?.getAttribute('href');
      if (!sheet) return one.querySelector('img')?.naturalWidth ? undefined : one.getAttribute('href');
      const id = (await viewsOf(sheet))[one.querySelector('svg').viewBox.baseVal.y];
      return iconOf(one).startsWith(id) ? undefined : one.getAttribute('href');
    }));
    return [near.length > 0, names.filter(Boolean)];
  });

test('the cards of the first screen show their icons, and so do those that come later', async ({ page }) => {
  await page.goto(LIST);
  await expect.poll(() => shown(page)).toEqual([true, []]);
  await searchBox(page).fill('acme.m012');
  await expect(cards(page)).toHaveCount(10);
  await expect.poll(() => shown(page)).toEqual([true, []]);
  await searchBox(page).fill('');
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await expect(card(page, 'acme.m0299')).toBeInViewport();
  await expect.poll(() => shown(page)).toEqual([true, []]);
});

test('no card shows the icon of another module while its own has not come', async ({ page }) => {
  await gotoHydrated(page, LIST);
  await searchBox(page).fill('acme.m012');
  await expect(cards(page)).toHaveCount(10);
  await expect.poll(() => shown(page)).toEqual([true, []]);
  // From now on none comes.
  await page.route('**/icons/sheet/**', () => {});
  await searchBox(page).fill('acme.m013');
  await expect(card(page, 'acme.m0130')).toBeVisible();
  const tops = await cards(page).locator('svg').evaluateAll((all) => all.map((one) => one.viewBox.baseVal.y));
  expect(tops).toEqual(Array(10).fill(0));
});

/** How far apart two screenshots are: 0 where they are the same, 255 where one is black and the other white. */
const distance = (page, ...shots) =>
  page.evaluate(async (shots) => {
    const [one, other] = await Promise.all(shots.map(async (bytes) => {
      const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
      const canvas = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
      canvas.drawImage(picture, 0, 0);
      return canvas.getImageData(0, 0, picture.width, picture.height).data;
    }));
    return one.reduce((sum, value, at) => sum + Math.abs(value - other[at]), 0) / one.length;
  }, shots.map((shot) => [...shot]));

test('the icon on the server’s page looks as the one that the list shows later', async ({ page }) => {
  await gotoHydrated(page, LIST);
  await expect.poll(() => shown(page)).toEqual([true, []]);
  const names = await cards(page).evaluateAll((all) => all.map((one) => one.getAttribute('href').split('/').at(-1)));
  const icon = cards(page).first().locator('.icon');
  await expect(icon.locator('img')).toHaveCount(1);
  const early = await icon.screenshot();
  // A card that stays at its place stays as the server has made it.
  for (const name of [names[1], names[0]]) {
    await searchBox(page).fill(name);
    await expect(cards(page)).toHaveCount(1);
    await expect(card(page, name)).toBeVisible();
  }
  await expect(icon.locator('svg image[href]')).toHaveCount(1);
  await expect.poll(async () => distance(page, early, await icon.screenshot())).toBeLessThan(3);
});

test('without scripts every card has its icon @nojs', async ({ page }) => {
  await page.goto(LIST);
  const images = cards(page).locator('img, svg image');
  await expect(images).toHaveCount(24);
  expect(await images.evaluateAll((all) => all.filter((one) => !one.getAttribute('src') && !one.getAttribute('href')))).toEqual([]);
});
