// Pages in Chromium, each in a browser profile of its own.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT, until } from './processes.mjs';

/** A new window loads pages of the browser's own, which is not the time of the page that is measured. */
const SETTLED = 1000;
/** Nothing was asked for or came for so long: the page is there. */
const QUIET = 1000;
const LONGEST = 20_000;

const { chromium } = createRequire(join(ROOT, 'end2end/package.json'))('@playwright/test');

/** Chromium; whoever is root has no sandbox, and nothing is loaded but pages of our own machine. */
export function launch(...args) {
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--disable-background-networking', ...asRoot, ...args] });
}

/** A page of a new profile, with counters of what goes over the wire: `wire.requests`, and `wire.bytes` with headers. */
export async function open(browser, cookies = []) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addCookies(cookies);
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  const wire = { requests: 0, bytes: 0, last: performance.now() };
  const count = (requests, bytes) => {
    wire.requests += requests;
    wire.bytes += bytes;
    wire.last = performance.now();
  };
  await devtools.send('Network.enable');
  devtools.on('Network.requestWillBeSent', ({ request }) => count(request.url.startsWith('http') ? 1 : 0, 0));
  devtools.on('Network.requestServedFromCache', () => count(-1, 0));
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => count(0, encodedDataLength));
  return { context, page, devtools, wire };
}

/** Waits until nothing was asked for during a second. */
export async function quiet(wire) {
  for (const end = performance.now() + LONGEST; performance.now() < Math.min(end, wire.last + QUIET); ) await sleep(50);
}

/** Milliseconds to the first contentful paint, requests, and kB over the wire. */
export async function visit(browser, url, cookies = []) {
  const { context, page, wire } = await open(browser, cookies);
  try {
    await sleep(SETTLED);
    await page.goto(url, { waitUntil: 'load', timeout: 60_000 });
    const paint = () => page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
    const painted = await until(paint, `${url} is painted`, { seconds: 60, pause: 50 });
    await quiet(wire);
    return { paint: painted, requests: wire.requests, kilobytes: wire.bytes / 1000 };
  } finally {
    await context.close();
  }
}
