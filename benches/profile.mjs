// Where the time of a key press goes, by Chromium's trace of the page's main thread.
//
//   node benches/profile.mjs --program target/release/stockroom [--throttle 4] [--size 10000]
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ALONE, PLAIN, searchBox, typeWords, unlimitedChromium } from './browser.mjs';
import { tree } from './lib/catalogue.mjs';
import { Stockroom, hangUp } from './lib/stockroom.mjs';

/** What a piece of work is, by the name that the trace gives it; anything else is Chromium's own. */
const KINDS = {
  script: /^(EventDispatch|FunctionCall|TimerFire|FireAnimationFrame|RunMicrotasks|EvaluateScript|HandlePostMessage|[Vv]8\..*|MinorGC|MajorGC)$/,
  style: /^(UpdateLayoutTree|RecalculateStyles)$/,
  layout: /^Layout$/,
  paint: /^(PrePaint|Paint|Layerize|Commit|UpdateLayer|CompositeLayers)$/,
};
const OTHER = 'Chromium’s own';
const CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel', 'v8'];

const { values } = parseArgs({
  options: {
    program: { type: 'string' },
    throttle: { type: 'string', default: '1' },
    size: { type: 'string', default: '10000' },
  },
});
const throttle = Number(values.throttle);
const stockroom = new Stockroom(values.program, { args: ['--catalogue', tree(Number(values.size)), '--node', 'off'] });
await stockroom.start();
await stockroom.knows(Number(values.size));
const cookie = { name: 'stockroom_session', value: await stockroom.cookie(), url: stockroom.url };
const browser = await unlimitedChromium();

console.log(`| ms for each key press, CPU ÷ ${throttle} | ${Object.keys(KINDS).join(' | ')} | ${OTHER} | all |`);
console.log(`| --- |${' --- |'.repeat(Object.keys(KINDS).length + 2)}`);
for (const subject of ['Stockroom', PLAIN, ALONE]) {
  const { context, page, devtools } = await searchBox(browser, stockroom, cookie, { subject, throttle });
  const events = [];
  devtools.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  await devtools.send('Tracing.start', { traceConfig: { includedCategories: CATEGORIES } });
  const keys = await typeWords(page, throttle === 1 ? 60 : 120);
  const complete = new Promise((resolve) => devtools.once('Tracing.tracingComplete', resolve));
  await devtools.send('Tracing.end');
  await complete;
  await context.close();
  const spent = kinds(mainThread(events));
  const cells = [...Object.keys(KINDS), OTHER].map((kind) => (spent.get(kind) ?? 0) / keys / 1000);
  const all = cells.reduce((sum, one) => sum + one, 0);
  console.log(`| ${subject} | ${[...cells, all].map((cell) => cell.toFixed(1)).join(' | ')} |`);
}
await browser.close();
await stockroom.remove();
hangUp();
process.exit(0);

/** The finished work of the renderer that did most of it, outermost first. */
function mainThread(events) {
  const threads = new Map();
  for (const { name, pid, tid, args } of events) {
    if (name === 'thread_name' && args.name === 'CrRendererMain') threads.set(`${pid} ${tid}`, []);
  }
  for (const event of events) {
    if (event.ph === 'X') threads.get(`${event.pid} ${event.tid}`)?.push(event);
  }
  const busiest = [...threads.values()].sort((a, b) => b.length - a.length)[0];
  return busiest.sort((a, b) => a.ts - b.ts || b.dur - a.dur);
}

/** Microseconds of each kind: of a piece of work without those inside it. */
function kinds(work) {
  const spent = new Map();
  const add = (kind, time) => spent.set(kind, (spent.get(kind) ?? 0) + time);
  const around = [];
  for (const { name, ts, dur } of work) {
    while (around.length > 0 && around.at(-1).end <= ts) around.pop();
    const kind = Object.keys(KINDS).find((kind) => KINDS[kind].test(name)) ?? around.at(-1)?.kind ?? OTHER;
    if (around.length > 0) add(around.at(-1).kind, -dur);
    add(kind, dur);
    around.push({ kind, end: ts + dur });
  }
  return spent;
}
