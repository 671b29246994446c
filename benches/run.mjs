// The bench: Stockroom and its peers, measured in one run on one machine. `cargo xtask bench` starts it.
//
//   node benches/run.mjs --program target/release/stockroom --floor target/release/floor [--part NAME]... [--rounds N]
//                        [--sizes 100,1000,10000] [--write]
//
// Each part gives rows: { area, figure, size?, subject, unit, samples }. Results go to target/bench/results.json; with
// --write also to docs/BENCHMARKS.md.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { PLACE, ROOT } from './lib/processes.mjs';
import { document, table } from './lib/report.mjs';
import { hangUp } from './lib/stockroom.mjs';

/** In their order; each exports `run(options)`, and may export `about`, a paragraph for the document. */
const PARTS = ['server', 'browser', 'modules', 'peers', 'engine'];

const { values } = parseArgs({
  options: {
    program: { type: 'string' },
    floor: { type: 'string' },
    part: { type: 'string', multiple: true, default: PARTS },
    rounds: { type: 'string', default: '5' },
    sizes: { type: 'string', default: '100,1000,10000' },
    write: { type: 'boolean', default: false },
  },
});
const unknown = values.part.filter((part) => !PARTS.includes(part));
if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(', ')}; the parts are ${PARTS.join(', ')}.`);

const begun = performance.now();
const options = {
  program: values.program,
  floor: values.floor,
  rounds: Number(values.rounds),
  sizes: values.sizes.split(',').map(Number),
  log: (text) => console.log(`${((performance.now() - begun) / 1000).toFixed(0).padStart(5)} s  ${text}`),
};
mkdirSync(PLACE, { recursive: true });
const result = { machine: machine(), date: new Date().toISOString(), rounds: options.rounds, versions: {}, abouts: [], rows: [] };
for (const part of PARTS.filter((part) => values.part.includes(part))) {
  options.log(part);
  const { about, run } = await import(`./${part}.mjs`);
  const { rows, versions = {} } = await run(options);
  if (about) result.abouts.push(about);
  Object.assign(result.versions, versions);
  result.rows.push(...rows);
  console.log(table(rows));
}
hangUp();
writeFileSync(join(PLACE, 'results.json'), JSON.stringify(result, null, 1));
if (values.write) writeFileSync(join(ROOT, 'docs/BENCHMARKS.md'), document(result));
console.log(`\ntarget/bench/results.json${values.write ? ' and docs/BENCHMARKS.md are' : ' is'} written.`);
process.exit(0);

function machine() {
  const commit = execFileSync('git', ['-C', ROOT, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const system = /PRETTY_NAME="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? process.platform;
  return { cores: cpus().length, cpu: cpus()[0].model, memory: `${Math.round(totalmem() / 2 ** 30)} GiB`, system, node: process.version, commit };
}
