// What the figures are to reach. `value` gets a function that finds the median of a figure, and gives undefined where one
// was not taken.
const ratio = (a, b) => (a === undefined || b === undefined ? undefined : a / b);

export const TARGETS = [
  {
    what: 'Start to ready with 10,000 known modules, of Node-RED’s',
    value: (of) => ratio(of('Peers', 'start to ready, 10,000 modules known'), of('Peers', 'start to ready', 'Node-RED')),
    limit: 0.1,
  },
  { what: 'Idle memory at 1,000 modules', value: (of) => of('Server', 'memory, idle', 'Stockroom', 1000), limit: 40, unit: ' MB' },
  { what: 'Idle memory at 10,000 modules', value: (of) => of('Server', 'memory, idle', 'Stockroom', 10_000), limit: 120, unit: ' MB' },
  { what: 'Installing a small module, of Node-RED’s', value: (of) => ratio(of('Peers', 'install'), of('Peers', 'install', 'Node-RED')), limit: 0.1 },
  { what: 'Removing it, of Node-RED’s', value: (of) => ratio(of('Peers', 'remove'), of('Peers', 'remove', 'Node-RED')), limit: 0.05 },
  ...[['', 'Stockroom'], [' without the trial', 'Stockroom, without Node']].flatMap(([how, subject]) =>
    ['1 kB', '60 kB, 20 components', '1.5 MB', '10 MB'].map((size) => ({
      what: `Installing ${size}${how}, above 1.5 times the floor`,
      value: (of) => {
        const [ours, floor] = [of('Modules', `install, ${size}`, subject), of('Modules', `install, ${size}`, 'Floor')];
        return ours === undefined || floor === undefined ? undefined : Math.max(0, ours - 1.5 * floor);
      },
      limit: 5,
      unit: ' ms',
    })),
  ),
  {
    what: '1,000 installations in a row: the last hundred, of the first',
    value: (of) => ratio(of('Modules', 'the last 100 of 1,000 in a row'), of('Modules', 'the first 100 of 1,000 in a row')),
    limit: 1.2,
  },
  {
    what: 'List at 10,000, p99 of 8 connections, of the same bytes from memory',
    value: (of) => ratio(of('Server', 'list, 8 connections, p99', 'Stockroom', 10_000), of('Server', 'list, 8 connections, p99', 'Floor', 10_000)),
    limit: 3,
  },
  { what: 'First visit, over the wire', value: (of) => of('Browser', 'first visit, on the wire', 'Stockroom', 10_000), limit: 300, unit: ' kB' },
  { what: 'First visit, requests', value: (of) => of('Browser', 'first visit, requests', 'Stockroom', 10_000), limit: 12 },
  { what: 'Second visit, over the wire', value: (of) => of('Browser', 'second visit, on the wire', 'Stockroom', 10_000), limit: 20, unit: ' kB' },
  {
    what: 'First contentful paint, of the best peer’s',
    value: (of) => ratio(of('Peers', 'first contentful paint'), Math.min(...['Node-RED', 'Verdaccio'].map((peer) => of('Peers', 'first contentful paint', peer) ?? Infinity))),
    limit: 0.5,
  },
  { what: 'Layout shift', value: (of) => of('Browser', 'layout shift', 'Stockroom', 10_000), limit: 0 },
  { what: 'Key press to paint at 10,000, p95', value: (of) => of('Browser', 'key press to paint, p95', 'Stockroom', 10_000), limit: 16, unit: ' ms' },
  { what: 'The same with the CPU throttled four times', value: (of) => of('Browser', 'key press to paint, CPU ÷ 4, p95', 'Stockroom', 10_000), limit: 50, unit: ' ms' },
  { what: 'Frames dropped while scrolling', value: (of) => of('Browser', 'scrolling, frames dropped', 'Stockroom', 10_000), limit: 0, unit: ' %' },
  {
    what: 'Frames dropped while scrolling, above what Chromium alone drops',
    value: (of) => {
      const [ours, alone] = ['Stockroom', 'Chromium alone'].map((subject) => of('Browser', 'scrolling, frames dropped', subject, 10_000));
      return ours === undefined || alone === undefined ? undefined : Math.max(0, ours - alone);
    },
    limit: 0,
    unit: ' %',
  },
];
