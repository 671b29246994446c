// Rows as tables, and the document that carries them.
import { TARGETS } from './targets.mjs';
import { exponent, median } from './stats.mjs';

/** A number in few digits. */
const short = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2));
const spread = (samples) =>
  samples.length === 1 ? short(samples[0]) : `${short(median(samples))} (${short(Math.min(...samples))} to ${short(Math.max(...samples))})`;
const line = (cells) => `| ${cells.join(' | ')} |`;
const grid = (head, rows) => [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
const distinct = (values) => [...new Set(values)];

/** One table for each area: a figure a line, a subject a column, with the ratio to the first subject. */
export function table(rows) {
  return distinct(rows.map((row) => row.area)).map((area) => `### ${area}\n\n${areaTable(rows.filter((row) => row.area === area))}`).join('\n\n');
}

function areaTable(rows) {
  const subjects = distinct(rows.map((row) => row.subject));
  const withSize = rows.some((row) => row.size !== undefined);
  const lines = distinct(rows.map((row) => `${row.figure}\u0000${row.size ?? ''}\u0000${row.unit}`)).map((key) => {
    const [figure, size, unit] = key.split('\u0000');
    const of = (subject) => rows.find((row) => row.subject === subject && row.figure === figure && `${row.size ?? ''}` === size);
    const first = of(subjects[0]);
    const cell = (subject, at) => {
      const row = of(subject);
      if (!row) return '–';
      const one = first && median(first.samples);
      const ratio = at > 0 && one > 0 ? `, ×${short(median(row.samples) / one)}` : '';
      return spread(row.samples) + ratio;
    };
    return [unit ? `${figure}, ${unit}` : figure, ...(withSize ? [size && Number(size).toLocaleString('en')] : []), ...subjects.map(cell)];
  });
  return grid(['', ...(withSize ? ['modules'] : []), ...subjects], lines);
}

/** How each figure that was taken at several sizes grows. */
function growth(rows) {
  const keys = distinct(rows.filter((row) => row.size !== undefined).map((row) => `${row.area}\u0000${row.figure}\u0000${row.subject}`));
  const lines = keys.flatMap((key) => {
    const [area, figure, subject] = key.split('\u0000');
    const points = rows
      .filter((row) => row.area === area && row.figure === figure && row.subject === subject && row.size !== undefined)
      .map((row) => [row.size, median(row.samples)]);
    const slope = exponent(points);
    return slope === undefined ? [] : [[area, figure, subject, ...points.map(([, value]) => short(value)), slope.toFixed(2)]];
  });
  const sizes = distinct(rows.map((row) => row.size).filter(Boolean)).map((size) => size.toLocaleString('en'));
  const whole = lines.filter((cells) => cells.length === sizes.length + 4);
  return whole.length === 0 ? '' : grid(['', 'figure', '', ...sizes, 'exponent'], whole);
}

/** What was to be reached, and whether it was; targets whose figures were not taken are left out. */
export function reached(rows) {
  const of = (area, figure, subject = 'Stockroom', size = undefined) => {
    const found = rows.find((row) => row.area === area && row.figure === figure && row.subject === subject && (size === undefined || row.size === size));
    return found && median(found.samples);
  };
  return TARGETS.flatMap(({ what, value, limit, unit = '' }) => {
    const measured = value(of);
    if (measured === undefined || Number.isNaN(measured)) return [];
    return [{ what, measured, limit, unit, holds: measured <= limit }];
  });
}

/** docs/BENCHMARKS.md. */
export function document({ machine, date, rounds, versions, abouts, rows }) {
  const targets = reached(rows).map(({ what, measured, limit, unit, holds }) => [what, short(measured) + unit, `${limit}${unit}`, holds ? 'yes' : '**no**']);
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ');
  return `# Benchmarks

Written by \`cargo xtask bench --write\`; do not edit. Figures are medians (least to most) of ${rounds} rounds unless it says
otherwise, all of one run, the parties taking turns. Times on a shared machine are noise as much as signal: what counts are
the ratios (×, to the first column).

${date.slice(0, 10)}, commit ${machine.commit}, ${machine.cores} cores (${machine.cpu}), ${machine.memory}, ${machine.system}, Node ${machine.node}. ${named}

## What is to be reached

${grid(['', 'measured', 'at most', 'reached'], targets)}

## Figures

${abouts.join('\n\n')}

${table(rows)}

## Growth

The exponent is the slope of log(figure) over log(modules): 0 is constant, 1 is in proportion.

${growth(rows)}
`;
}
