// What somebody sees: Chromium on the list, told by the DevTools protocol.
import { setTimeout as sleep } from 'node:timers/promises';
import { module, tree } from './lib/catalogue.mjs';
import { launch, open, quiet } from './lib/page.mjs';
import { Rows } from './lib/rows.mjs';
import { percentile } from './lib/stats.mjs';
import { Stockroom } from './lib/stockroom.mjs';

export const about =
  'Browser: Chromium, headless, 1280×800, a new profile for each round, the list with so many modules. “First visit” is ' +
  'everything until nothing was asked for during a second; “interactive” is when the wasm has taken over. A key press ' +
  'counts from its time stamp until the frame with its result is made; the browser does not wait for a screen of 60 ' +
  'frames a second there, which alone would add up to 16.7 ms. Scrolling does, and misses frames that came late. ' +
  '“Chromium alone” is the server’s page of the list without wasm, where a key press puts a letter into the box and ' +
  'scrolling moves 72 cards that stay as they are; in “plain JavaScript” a few lines give the cards on that screen the ' +
  'texts and icons of other modules at every key press, and search nothing: what the browser itself takes on this machine.';

const WORDS = ['calendar', 'invoice', 'deploy'];
export const ALONE = 'Chromium alone';
export const PLAIN = 'plain JavaScript';

export async function run({ program, rounds, sizes, log }) {
  const rows = new Rows('Browser');
  // As it comes, with a frame every 16.7 ms; and without.
  const [browser, unlimited] = await Promise.all([launch(), unlimitedChromium()]);
  const versions = { Chromium: browser.version() };
  try {
    for (const size of sizes) {
      log(`browser: ${size} modules`);
      const stockroom = new Stockroom(program, { args: ['--catalogue', tree(size)] });
      try {
        await stockroom.start();
        await stockroom.knows(size);
        const cookie = { name: 'stockroom_session', value: await stockroom.cookie(), url: stockroom.url };
        for (let round = 0; round < rounds; round++) {
          await visits(rows, browser, stockroom, cookie, size);
          for (const subject of size === Math.max(...sizes) ? ['Stockroom', PLAIN, ALONE] : ['Stockroom']) {
            await typing(rows, unlimited, stockroom, cookie, { size, subject, throttle: 1, pause: 60 });
            await typing(rows, unlimited, stockroom, cookie, { size, subject, throttle: 4, pause: 120 });
            if (subject !== PLAIN) await scrolling(rows, browser, stockroom, cookie, { size, subject });
          }
        }
        for (let round = 0; round < rounds; round++) await installing(rows, browser, stockroom, cookie, size, round);
      } finally {
        await stockroom.remove();
      }
    }
  } finally {
    await Promise.all([browser.close(), unlimited.close()]);
  }
  return { rows: rows.all, versions };
}

const hydrated = (page) => page.waitForSelector('html[data-hydrated]', { state: 'attached' });

/** A page of a new profile that notes what happens to it. */
async function watched(browser, cookie) {
  const opened = await open(browser, [cookie]);
  await opened.devtools.send('Performance.enable');
  await opened.page.addInitScript(watch);
  return opened;
}

/** In the page: notes paints, long tasks, layout shifts, key presses and the memory of the wasm as they come. */
function watch() {
  const seen = { paint: 0, shift: 0, long: 0, blocked: 0, keys: [] };
  globalThis.seen = seen;
  const observe = (type, note, options = {}) =>
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true, ...options });
  observe('paint', (entry) => entry.name === 'first-contentful-paint' && (seen.paint = entry.startTime));
  observe('layout-shift', (entry) => (seen.shift += entry.hadRecentInput ? 0 : entry.value));
  observe('longtask', (entry) => {
    seen.long++;
    seen.blocked += entry.duration - 50;
  });
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const real = WebAssembly[name].bind(WebAssembly);
    WebAssembly[name] = async (...given) => {
      const made = await real(...given);
      seen.memory = (made.instance ?? made).exports.memory;
      return made;
    };
  }
}

/** A first visit with an empty cache, and a second one. */
async function visits(rows, browser, stockroom, cookie, size) {
  const { context, page, devtools, wire } = await watched(browser, cookie);
  const list = `${stockroom.url}/backoffice/modules`;
  for (const visit of ['first', 'second']) {
    Object.assign(wire, { requests: 0, bytes: 0, last: performance.now() });
    await page.goto(list, { waitUntil: 'commit' });
    await hydrated(page);
    const interactive = await page.evaluate(() => performance.now());
    await quiet(wire);
    const seen = await page.evaluate(() => ({ ...globalThis.seen, memory: globalThis.seen.memory.buffer.byteLength }));
    rows.add(`${visit} visit, requests`, '', wire.requests, { size });
    rows.add(`${visit} visit, on the wire`, 'kB', wire.bytes / 1000, { size });
    rows.add(visit === 'first' ? 'first contentful paint' : 'first contentful paint, second visit', 'ms', seen.paint, { size });
    rows.add(visit === 'first' ? 'interactive' : 'interactive, second visit', 'ms', interactive, { size });
    if (visit === 'second') break;
    rows.add('long tasks', '', seen.long, { size });
    rows.add('long tasks, above 50 ms each', 'ms', seen.blocked, { size });
    rows.add('layout shift', '', seen.shift, { size });
    const { metrics } = await devtools.send('Performance.getMetrics');
    const metric = (name) => metrics.find((one) => one.name === name).value;
    rows.add('JavaScript heap', 'MB', metric('JSHeapUsedSize') / 1e6, { size });
    rows.add('wasm memory', 'MB', seen.memory / 1e6, { size });
    rows.add('elements in the document', '', metric('Nodes'), { size });
  }
  await context.close();
}

/** Chromium that does not wait for the screen, so that a key press is the work alone. */
export const unlimitedChromium = () => launch('--disable-frame-rate-limit', '--disable-gpu-vsync');

/** The list in a new profile. */
async function list(browser, stockroom, cookie, subject) {
  const opened = await watched(browser, cookie);
  if (subject !== 'Stockroom') await opened.page.route('**/*.wasm', (route) => route.abort());
  await opened.page.goto(`${stockroom.url}/backoffice/modules`);
  if (subject === 'Stockroom') await hydrated(opened.page);
  if (subject === PLAIN) await opened.page.evaluate(plainList);
  return opened;
}

/** In the page of the server: keeps the cards on the screen, and shows other modules in them at every key press. */
function plainList() {
  const PARTS = ['b:not(.tile b)', '.mono', '.text', '.foot', '.tile b'];
  const modules = [...document.querySelectorAll('.card')].map((card) => {
    const [sheet, id] = (card.querySelector('img')?.getAttribute('src') ?? '').split('#i');
    const ids = sheet.split('/').at(-1).match(/.{16}/g) ?? [];
    const texts = PARTS.map((part) => card.querySelector(part)?.textContent ?? '');
    return { texts, sheet, top: 80 * (ids.indexOf(id) + 1), height: 80 * (ids.length + 1) };
  });
  const all = [...document.querySelectorAll('.cards > li')];
  const shown = all.filter((place) => place.getBoundingClientRect().top < innerHeight);
  for (const place of all.slice(shown.length)) place.remove();
  const cards = shown.map((place) => {
    const name = place.querySelector('.mono');
    name.textContent = name.textContent;
    place.querySelector('img')?.replaceWith(document.createRange().createContextualFragment(
      '<svg width="40" height="40"><image width="40"></image></svg>',
    ));
    return { place, texts: PARTS.map((part) => place.querySelector(part)?.firstChild), icon: place.querySelector('svg') };
  });
  const set = (element, name, value) => element.getAttribute(name) === value || element.setAttribute(name, value);
  let first = 0;
  document.addEventListener('input', () => {
    first += 7;
    cards.forEach(({ texts, icon }, at) => {
      const module = modules[(first + at) % modules.length];
      texts.forEach((text, part) => text && (text.data = module.texts[part]));
      if (!icon || !module.sheet) return;
      set(icon.firstChild, 'href', module.sheet);
      set(icon.firstChild, 'height', String(module.height));
      set(icon, 'viewBox', `0 ${module.top} 40 40`);
    });
  });
}

/** The list in a new profile, once it is at rest, with the caret in the search box. */
export async function searchBox(browser, stockroom, cookie, { subject, throttle }) {
  const opened = await list(browser, stockroom, cookie, subject);
  const { page, devtools, wire } = opened;
  const box = page.getByRole('searchbox').first();
  await box.focus();
  await quiet(wire);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: throttle });
  return opened;
}

/** Types words and takes them out again. Gives the number of key presses. */
export async function typeWords(page, pause) {
  const keys = WORDS.flatMap((word) => [...word, ...Array(word.length).fill('Backspace')]);
  for (const key of keys) {
    await page.keyboard.press(key);
    await sleep(pause);
  }
  return keys.length;
}

/** Times key presses; one sample is a round's 95th percentile. */
async function typing(rows, browser, stockroom, cookie, { size, subject, throttle, pause }) {
  const { context, page } = await searchBox(browser, stockroom, cookie, { subject, throttle });
  await page.evaluate(() => {
    const after = new MessageChannel();
    const pressed = [];
    after.port1.onmessage = () => globalThis.seen.keys.push(performance.now() - pressed.shift());
    const note = (event) => {
      pressed.push(event.timeStamp);
      requestAnimationFrame(() => after.port2.postMessage(0));
    };
    document.addEventListener('input', note, true);
  });
  await typeWords(page, pause);
  const { keys, memory } = await page.evaluate(() => ({ keys: globalThis.seen.keys, memory: globalThis.seen.memory?.buffer.byteLength }));
  if (throttle === 1 && memory) rows.add('wasm memory, with the whole list', 'MB', memory / 1e6, { size });
  const name = throttle === 1 ? 'key press to paint' : `key press to paint, CPU ÷ ${throttle}`;
  rows.add(`${name}, p50`, 'ms', percentile(keys, 0.5), { size, subject });
  rows.add(`${name}, p95`, 'ms', percentile(keys, 0.95), { size, subject });
  await context.close();
}

/** In the page of the server: so many cards that they are scrolled as far as the whole list. */
function longList() {
  const list = document.querySelector('.cards');
  const places = [...list.children];
  for (let copies = 1; copies < 3; copies++) list.append(...places.map((place) => place.cloneNode(true)));
}

/** Scrolls down and up as a wheel does, and counts frames that came late. */
async function scrolling(rows, browser, stockroom, cookie, { size, subject }) {
  const { context, page, devtools, wire } = await list(browser, stockroom, cookie, subject);
  await page.mouse.move(640, 500);
  if (subject !== 'Stockroom') await page.evaluate(longList);
  await page.mouse.wheel(0, 10);
  await quiet(wire);
  await page.evaluate(() => {
    globalThis.frames = [];
    const frame = (time) => {
      globalThis.frames.push(time);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  for (const yDistance of [-2400, 2400, -2400, 2400]) {
    await devtools.send('Input.synthesizeScrollGesture', { x: 640, y: 500, yDistance, speed: 3000, gestureSourceType: 'mouse' });
  }
  const { missed, all, nodes } = await page.evaluate(() => {
    const gaps = globalThis.frames.slice(1).map((time, at) => time - globalThis.frames[at]);
    const due = gaps.map((gap) => Math.max(1, Math.round(gap / (1000 / 60))));
    const all = due.reduce((sum, one) => sum + one, 0);
    return { missed: all - gaps.length, all, nodes: document.querySelectorAll('*').length };
  });
  rows.add('scrolling, frames dropped', '%', (100 * missed) / all, { size, subject });
  rows.add('scrolling, elements in the document', '', nodes, { size, subject });
  await context.close();
}

/** From the click on Install to the badge. */
async function installing(rows, browser, stockroom, cookie, size, round) {
  const { context, page } = await watched(browser, cookie);
  await page.goto(`${stockroom.url}/backoffice/modules/${module(round).name}`);
  await hydrated(page);
  const took = await page.evaluate(async () => {
    const begun = performance.now();
    document.querySelector('form[action$="/install_module"] button').click();
    const badge = () => [...document.querySelectorAll('#head .badge')].some((one) => one.textContent.trim() === 'Installed');
    while (!badge()) await new Promise((frame) => requestAnimationFrame(frame));
    return performance.now() - begun;
  });
  rows.add('install, click to badge', 'ms', took, { size });
  await context.close();
}
