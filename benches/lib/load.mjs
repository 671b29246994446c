// Load: so many callers, each asking again as soon as it has its answer.
import http from 'node:http';
import { percentile } from './stats.mjs';

/**
 * Calls `url` from `connections` connections for so many milliseconds; gives the answers a second, the milliseconds that
 * half and 99 of 100 of them took at most, and the bytes of the last answer. Any answer but 200 is thrown, and one of which
 * `isRight` says that it is not what was asked for.
 */
export async function load(url, { connections = 1, duration = 1500, headers = {}, isRight }) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const times = [];
  let bytes = 0;
  const call = () =>
    new Promise((resolve, reject) => {
      const request = http.request(url, { agent, headers }, (answer) => {
        let length = 0;
        const parts = [];
        answer.on('data', (part) => {
          length += part.length;
          if (isRight) parts.push(part);
        });
        answer.on('error', reject);
        answer.on('end', () => {
          bytes = length;
          if (answer.statusCode === 200 && (!isRight || isRight(Buffer.concat(parts).toString()))) resolve();
          else reject(new Error(`${url}: ${answer.statusCode}`));
        });
      });
      request.on('error', reject).end();
    });
  const end = performance.now() + duration;
  const begun = performance.now();
  const caller = async () => {
    for (let asked = performance.now(); asked < end; asked = performance.now()) {
      await call();
      times.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: connections }, caller));
  const seconds = (performance.now() - begun) / 1000;
  agent.destroy();
  return { rate: times.length / seconds, p50: percentile(times, 0.5), p99: percentile(times, 0.99), bytes };
}
