// Catalogues of made-up modules, the same for the same seed, with the shape that real ones have: 1 to 51 components, in
// the middle 5; icons of 1 to 500 kB, most of them small, a part as PNG.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { PLACE } from './processes.mjs';
import { random } from './stats.mjs';

const THINGS = (
  'mail calendar drive sheet invoice customer order ticket message channel board task project file folder report ' +
  'payment contact lead deal event webhook timer queue search table record document image audio video code build ' +
  'deploy log metric alert user group team note page form survey campaign'
).split(' ');
const VERBS = 'Create Update Delete Find List Get New Watch Send Upload'.split(' ');
const CATEGORIES = ['applications', 'utilities', 'communication', 'ai', 'data', 'marketing'];
/** Changed whenever other modules are made of the same seed. */
const SHAPE = 1;

/** What module number `at` of a catalogue is like, and its files (path below the catalogue -> text). */
export function module(at, seed = 1) {
  const next = random(seed * 1_000_003 + at);
  const one = (list) => list[Math.floor(next() * list.length)];
  const title = (word) => word[0].toUpperCase() + word.slice(1);
  const between = (low, value, high) => Math.round(Math.min(high, Math.max(low, value)));
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const service = `${one(THINGS)}${title(one(THINGS))}${at}`;
  const name = `acme.${service}`;
  const label = `${title(one(THINGS))} ${title(one(THINGS))} ${at}`;
  const manifest = {
    name,
    label,
    category: one(CATEGORIES),
    description: `Works with ${one(THINGS)}s and ${one(THINGS)}s: ${one(VERBS).toLowerCase()}, ${one(VERBS).toLowerCase()} and more.`,
    icon: icon(next, between(1000, Math.exp(Math.log(3000) + 1.3 * normal()), 500_000)),
  };
  const files = {
    'bundle.json': { name, version: `1.${Math.floor(next() * 10)}.${Math.floor(next() * 10)}`, changelog: { '1.0.0': ['First version'] } },
    'service.json': manifest,
  };
  const components = between(1, Math.exp(Math.log(5) + 0.9 * normal()), 51);
  for (let number = 0; number < components; number++) {
    const component = `${one(VERBS)}${title(one(THINGS))}${number}`;
    const ports = next() < 0.2 ? { outPorts: ['out'], tick: true } : { inPorts: ['in'], outPorts: ['out'] };
    const body = { name: `${name}.core.${component}`, description: `${component} in ${label}.`, version: '1.0.0', ...ports };
    files[`core/${component}/component.json`] = body;
    files[`core/${component}/${component}.js`] = `'use strict';\nmodule.exports = { async receive(context) { return context.sendJson({}, 'out'); } };\n`;
  }
  const named = Object.entries(files).map(([path, body]) => [
    `acme/${service}/${path}`,
    typeof body === 'string' ? body : JSON.stringify(body, null, 4),
  ]);
  return { name, files: Object.fromEntries(named) };
}

/** A folder with so many unpacked modules; made once. */
export function tree(count, seed = 1) {
  const folder = join(PLACE, `modules-${SHAPE}-${seed}-${count}`);
  const whole = join(folder, '.whole');
  if (existsSync(whole)) return folder;
  rmSync(folder, { recursive: true, force: true });
  for (let at = 0; at < count; at++) {
    for (const [path, text] of Object.entries(module(at, seed).files)) {
      const file = join(folder, path);
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, text);
    }
  }
  writeFileSync(whole, '');
  return folder;
}

/** A picture of about so many bytes as a `data:` URI: an SVG of many paths, or a PNG of noise. */
function icon(next, bytes) {
  if (next() < 0.4) return `data:image/png;base64,${png(next, Math.round(Math.sqrt((bytes * 3) / 4 / 3))).toString('base64')}`;
  const colour = () => `#${Math.floor(next() * 0xffffff).toString(16).padStart(6, '0')}`;
  let paths = `<rect width="64" height="64" rx="12" fill="${colour()}"/>`;
  while (paths.length < (bytes * 3) / 4 - 80) {
    const points = Array.from({ length: 6 }, () => (next() * 64).toFixed(2)).join(' ');
    paths += `<path d="M${points}Z" fill="${colour()}" opacity=".6"/>`;
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">${paths}</svg>`;
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
}

/** A square of noise, `side` pixels wide: as a photograph, it does not compress. */
function png(next, side) {
  const rows = Buffer.alloc((side * 3 + 1) * side);
  for (let at = 0; at < rows.length; at++) rows[at] = at % (side * 3 + 1) === 0 ? 0 : Math.floor(next() * 256);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const chunk = (kind, body) => {
    const typed = Buffer.concat([Buffer.from(kind), body]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(body.length, 0);
    frame.writeUInt32BE(crc32(typed), 4);
    return Buffer.concat([frame.subarray(0, 4), typed, frame.subarray(4)]);
  };
  const start = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([start, chunk('IHDR', header), chunk('IDAT', deflateSync(rows, { level: 1 })), chunk('IEND', Buffer.alloc(0))]);
}
