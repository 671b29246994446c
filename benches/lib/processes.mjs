// Programs under test: started, waited for, weighed, ended.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Where peers are installed and results are written. */
export const PLACE = join(ROOT, 'target/bench');

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** Starts a program that ends with this one; `said()` gives all that it has printed. */
export function start(program, args, options = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (part) => (text += part));
  child.on('error', (error) => (text += error.message));
  running.add(child);
  child.on('exit', () => running.delete(child));
  child.said = () => text;
  return child;
}

/** Asks a program to end, waits until it has. */
export async function stop(child, signal = 'SIGTERM') {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(timer);
}

/** Asks until there is an answer; `what` is said where there is none in `seconds`. */
export async function until(check, what, { seconds = 120, pause = 5 } = {}) {
  let last;
  for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
    try {
      const found = await check();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    await sleep(pause);
  }
  throw new Error(`${what}: not within ${seconds} s${last ? ` (${last.message})` : ''}`);
}

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
const megabytes = (pid, field) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;

/** MB of one process: resident now (`VmRSS`) or at most so far (`VmHWM`). */
export const memory = (pid, field = 'VmRSS') => megabytes(pid, field);

/** MB that a process and all below it hold now. */
export function familyMemory(pid) {
  const tasks = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : [];
  const children = tasks.flatMap((task) => read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean));
  return children.reduce((sum, child) => sum + familyMemory(child), megabytes(pid, 'VmRSS'));
}

/**
 * Has npm install packages into a folder of their own; gives that folder. Does nothing where they are there. `overrides`
 * are npm's own: versions for packages that those depend on.
 */
export function npm(name, packages, overrides = {}) {
  const folder = join(PLACE, name);
  if (packages.some((one) => !existsSync(join(folder, 'node_modules', one.replace(/(.)@.*$/, '$1'))))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, overrides }));
    const args = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, ...packages];
    execFileSync('npm', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  }
  return folder;
}

/** Version of a package that `npm` installed. */
export const versionOf = (folder, name) => JSON.parse(read(join(folder, 'node_modules', name, 'package.json'))).version;
