// Numbers out of samples.

/** The middle one; of an even number, the lower of the two. */
export const median = (samples) => sorted(samples)[Math.floor((samples.length - 1) / 2)];

/** The value that `part` (0 to 1) of the samples do not exceed. */
export const percentile = (samples, part) => sorted(samples)[Math.max(0, Math.ceil(samples.length * part) - 1)];

/**
 * How a figure grows: the slope of log(figure) over log(size), by least squares; 0 is constant, 1 is in proportion.
 * `points` are [size, figure]; undefined for fewer than two.
 */
export function exponent(points) {
  const logs = points.filter(([, figure]) => figure > 0).map(([size, figure]) => [Math.log(size), Math.log(figure)]);
  if (logs.length < 2) return undefined;
  const mean = (at) => logs.reduce((sum, log) => sum + log[at], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const over = logs.reduce((sum, log) => sum + (log[0] - x) * (log[1] - y), 0);
  return over / logs.reduce((sum, log) => sum + (log[0] - x) ** 2, 0);
}

/** Numbers between 0 and 1, the same for the same seed (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const sorted = (samples) => [...samples].sort((a, b) => a - b);
