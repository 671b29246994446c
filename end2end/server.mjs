// The server under test: its own process, its own data folder, its own port.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 10_000;
const STOP_MS = 10_000;

/** A running `stockroom serve`; make one with `Server.start`. */
export class Server {
  #args;
  #child;
  #env;
  #output = '';

  /** Where it listens, such as `http://127.0.0.1:34567`; stays the same over a restart. */
  url;
  /** Where it keeps everything. */
  dataDir;

  /** Starts a server on an empty data folder. `args` follow `serve`, `env` is added to the environment. */
  static async start({ args = [], env = {} } = {}) {
    const server = new Server();
    server.#args = args;
    server.#env = env;
    server.dataDir = await mkdtemp(join(tmpdir(), 'stockroom-'));
    try {
      await server.#spawn('127.0.0.1:0');
    } catch (error) {
      await server.remove();
      throw error;
    }
    return server;
  }

  /** All that it has printed since the first start. */
  logs() {
    return this.#output;
  }

  /** Whether the process is there. */
  get running() {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Asks it to end (SIGTERM), waits, and gives the exit code; null when it had to be killed. */
  async stop() {
    if (!this.running) return this.#child?.exitCode ?? null;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    const [code] = await exited;
    clearTimeout(timer);
    return code;
  }

  /** Ends it as a power cut would. */
  async kill9() {
    if (!this.running) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** Starts it on the same address and data; ends it first where it still runs. */
  async restart({ args = this.#args, env = this.#env } = {}) {
    await this.stop();
    this.#args = args;
    this.#env = env;
    await this.#spawn(new URL(this.url).host);
  }

  /** Ends it and deletes its data. */
  async remove() {
    await this.kill9();
    await rm(this.dataDir, { recursive: true, force: true, maxRetries: 3 });
  }

  async #spawn(listen) {
    const program = process.env.STOCKROOM_BIN;
    if (!program) throw new Error('STOCKROOM_BIN must name the server: `cargo xtask test --only end2end` does that.');
    const seen = this.#output.length;
    const child = spawn(program, ['serve', '--listen', listen, '--data', this.dataDir, ...this.#args], {
      env: { ...process.env, ...this.#env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    let failure;
    child.on('error', (error) => (failure = error));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.#output += text));
    }
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline) {
      if (failure) throw failure;
      if (!this.running) break;
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(this.#output.slice(seen))?.[0];
      if (url && (await isHealthy(url))) {
        this.url = url;
        return;
      }
      await sleep(10);
    }
    const state = this.running ? `was not ready after ${START_MS} ms` : `ended with exit code ${child.exitCode}`;
    throw new Error(`The server ${state}. It printed:\n${this.#output.slice(seen)}`);
  }
}

async function isHealthy(url) {
  try {
    return (await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(1_000) })).status === 200;
  } catch {
    return false;
  }
}
