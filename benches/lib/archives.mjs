// Archives of made-up modules, of given sizes, that nothing has seen before: each has a name of its own.
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROOT } from './processes.mjs';

const { strToU8, zipSync } = createRequire(join(ROOT, 'end2end/package.json'))('fflate');

/** Text of so many bytes that stays as large when it is packed, nearly: base64 says six bits in eight. */
const noise = (bytes) => randomBytes(Math.ceil((bytes * 3) / 4)).toString('base64');
/** As a picture inside a manifest: so many bytes of it are in the archive. */
const icon = (bytes) => `data:image/png;base64,${Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), randomBytes(bytes)]).toString('base64')}`;

/**
 * What there is to install: figures name them by `size`. `components` is their number, `text` the bytes that each
 * component's script brings, `icon` those of the icon in each manifest, `data` those of files beside them.
 */
export const SIZES = [
  { size: '1 kB', components: 1 },
  { size: '60 kB, 20 components', components: 20, text: 2400 },
  // As the largest that there is: one icon, and again in each component.
  { size: '1.5 MB', components: 3, icon: 370_000 },
  { size: '10 MB', components: 20, text: 2400, data: Array(8).fill(1_270_000) },
];

/** The zip of a module `acme.<service>`. */
export function archive(service, { components, text = 0, icon: iconBytes = 0, data = [] }) {
  const name = `acme.${service}`;
  const picture = iconBytes > 0 ? { icon: icon(iconBytes) } : {};
  const files = {
    'bundle.json': JSON.stringify({ name, version: '1.0.0' }),
    'service.json': JSON.stringify({ name, label: service, category: 'utilities', description: 'Made for a bench.', ...picture }),
  };
  for (let number = 0; number < components; number++) {
    const folder = `core/Do${number}`;
    const manifest = { name: `${name}.core.Do${number}`, version: '1.0.0', inPorts: ['in'], outPorts: ['out'], ...picture };
    files[`${folder}/component.json`] = JSON.stringify(manifest);
    const comment = text > 0 ? `// ${noise(text)}\n` : '';
    files[`${folder}/Do${number}.js`] = `${comment}module.exports = { async receive(context) { return context.sendJson({}, 'out'); } };\n`;
  }
  data.forEach((bytes, number) => (files[`data/table${number}.txt`] = noise(bytes)));
  const entries = Object.entries(files).map(([path, body]) => [`acme/${service}/${path}`, strToU8(body)]);
  return Buffer.from(zipSync(Object.fromEntries(entries), { level: 6, mtime: new Date('2026-01-01T12:00:00') }));
}
