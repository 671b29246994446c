// A first visit of a page, in a browser profile of its own.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT, until } from './processes.mjs';

/** Nothing was asked for or came for so long: the page is there. */
const QUIET = 1000;
const LONGEST = 20_000;

const { chromium } = createRequire(join(ROOT, 'end2end/package.json'))('@playwright/test');

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM });

/** Milliseconds to the first contentful paint, requests, and kB over the wire. */
export async function visit(browser, url, cookies = []) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    await context.addCookies(cookies);
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    const wire = { requests: 0, bytes: 0, last: performance.now() };
    await devtools.send('Network.enable');
    devtools.on('Network.requestWillBeSent', ({ request }) => {
      if (!request.url.startsWith('http')) return;
      wire.requests++;
      wire.last = performance.now();
    });
    devtools.on('Network.dataReceived', ({ encodedDataLength }) => {
      wire.bytes += encodedDataLength;
      wire.last = performance.now();
    });
    await page.goto(url, { waitUntil: 'load', timeout: 60_000 });
    const paint = () => page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
    const painted = await until(paint, `${url} is painted`, { seconds: 60, pause: 50 });
    for (const end = performance.now() + LONGEST; performance.now() < Math.min(end, wire.last + QUIET); ) await sleep(50);
    return { paint: painted, requests: wire.requests, kilobytes: wire.bytes / 1000 };
  } finally {
    await context.close();
  }
}
