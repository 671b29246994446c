// The server under test: its own process, its own data folder, its own port.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 10_000;
const STOP_MS = 10_000;

/** The first administrator of every server that is not started without one. */
export const ADMIN = { email: 'admin@example.com', password: 'four plain words of a test' };
/** The name of the cookie that a session lives in. */
export const COOKIE = 'stockroom_session';

/** A running `stockroom serve`; make one with `Server.start`. */
export class Server {
  #args;
  #child;
  #env;
  #folder;
  #isDefault;
  #output = '';

  /** Where it listens, such as `http://127.0.0.1:34567`; stays the same over a restart. */
  url;
  /** Where it keeps everything. */
  dataDir;
  /** The value of the administrator's session cookie; undefined without an administrator. */
  cookie;

  /**
   * Starts a server on an empty data folder. `args` follow `serve`, `env` is added to the environment. It has the
   * administrator `ADMIN`, who is signed in once; with `administrator: false` it has no users. With `defaultData` it is
   * not told where to keep its data, and so it keeps them in the folder that it is started in.
   */
  static async start({ args = [], env = {}, administrator = true, defaultData = false } = {}) {
    const server = new Server();
    server.#args = args;
    server.#isDefault = defaultData;
    server.#env = administrator
      ? { STOCKROOM_ADMIN_EMAIL: ADMIN.email, STOCKROOM_ADMIN_PASSWORD: ADMIN.password, ...env }
      : env;
    server.#folder = await realpath(await mkdtemp(join(tmpdir(), 'stockroom-')));
    server.dataDir = defaultData ? join(server.#folder, 'stockroom-data') : server.#folder;
    try {
      await server.#spawn('127.0.0.1:0');
      if (administrator) server.cookie = await server.signIn(ADMIN);
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

  /** A request to a path of it, as the administrator; `cookie: null` in `init` makes it nobody's. */
  fetch(path, { cookie = this.cookie, headers = {}, ...init } = {}) {
    const own = cookie ? { ...headers, cookie: `${COOKIE}=${cookie}` } : headers;
    return fetch(new URL(path, this.url), { ...init, headers: own });
  }

  /** Begins a session and gives the value of its cookie. */
  async signIn({ email, password }) {
    const answer = await this.fetch('/backoffice/api/sign_in', {
      method: 'POST',
      cookie: null,
      headers: { accept: 'application/json' },
      body: new URLSearchParams({ email, password }),
      redirect: 'manual',
    });
    const cookies = answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
    const found = cookies.find((cookie) => cookie.startsWith(`${COOKIE}=`));
    if (!found) throw new Error(`${email} cannot sign in (${answer.status}): ${await answer.text()}`);
    return found.slice(COOKIE.length + 1);
  }

  /** Runs another command of the program on this data, such as `user add`; `input` is what it reads. */
  async command(args, input = '') {
    const child = spawn(program(), [...args, '--data', this.dataDir], { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    }
    child.stdin.end(input);
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`\`stockroom ${args.join(' ')}\` ended with ${code}: ${output}`);
    return output;
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
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #spawn(listen) {
    const seen = this.#output.length;
    const data = this.#isDefault ? [] : ['--data', this.dataDir];
    const child = spawn(program(), ['serve', '--listen', listen, ...data, ...this.#args], {
      cwd: this.#isDefault ? this.#folder : undefined,
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
      const url = /ready at (http:\/\/127\.0\.0\.1:\d+)/.exec(this.#output.slice(seen))?.[1];
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

function program() {
  const named = process.env.STOCKROOM_BIN;
  if (!named) throw new Error('STOCKROOM_BIN must name the server: `cargo xtask test --only end2end` does that.');
  return resolve(named);
}

async function isHealthy(url) {
  try {
    return (await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(1_000) })).status === 200;
  } catch {
    return false;
  }
}
