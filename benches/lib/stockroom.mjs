// A Stockroom for a bench: its own process, data folder and port.
import http from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { memory, start, stop, until } from './processes.mjs';

export const ADMIN = { email: 'a@example.com', password: 'a sentence for a bench' };

const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

/** One request over a connection that stays open; gives status, headers and the body's bytes. */
export function ask(url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
      answer.on('error', reject);
    });
    request.on('error', reject).end(body);
  });
}

/**
 * Asks a server for a moment, again and again. After it neither the server nor the machine is asleep, which wakes up over
 * milliseconds, and what was begun before has ended.
 */
export async function awaken(url, headers) {
  for (const end = performance.now() + 300; performance.now() < end; ) await ask(url, { headers });
}

/** Closes the connections that `ask` keeps. */
export const hangUp = () => agent.destroy();

/**
 * `stockroom serve` on its data folder; `options` are `args`, `env`, and either `folder`, one that is kept, or `parent` of a
 * new one.
 */
export class Stockroom {
  constructor(program, { args = [], env = {}, parent = tmpdir(), folder } = {}) {
    Object.assign(this, { program, args, env, folder: folder ?? mkdtempSync(join(parent, 'stockroom-bench-')) });
  }

  /** Starts it; gives the milliseconds until it answered. The first start makes an administrator, whose token is kept. */
  async start() {
    const env = {
      ...process.env,
      STOCKROOM_ADMIN_EMAIL: ADMIN.email,
      STOCKROOM_ADMIN_PASSWORD: ADMIN.password,
      ...this.env,
    };
    const begun = performance.now();
    this.child = start(this.program, ['serve', '--listen', '127.0.0.1:0', '--data', this.folder, ...this.args], { env });
    const said = () => {
      if (this.child.exitCode !== null) throw new Error(`Stockroom ended: ${this.child.said()}`);
      return /http:\/\/127\.0\.0\.1:\d+/.exec(this.child.said())?.[0];
    };
    this.url = await until(said, 'Stockroom starts', { pause: 1 });
    await until(async () => (await ask(`${this.url}/healthz`)).status === 200, 'Stockroom is ready', { pause: 1 });
    const took = performance.now() - begun;
    if (!this.token) {
      const { token } = await this.json('POST', '/user/auth', { username: ADMIN.email, password: ADMIN.password });
      this.token = token;
    }
    return took;
  }

  get headers() {
    return this.token ? { authorization: `Bearer ${this.token}` } : {};
  }

  /** A request as the administrator; an answer that says no is thrown. */
  async request(method, path, { body, headers } = {}) {
    const answer = await ask(this.url + path, { method, body, headers: { ...this.headers, ...headers } });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.toString().slice(0, 500)}`);
    return answer;
  }

  async json(method, path, body) {
    const headers = { 'content-type': 'application/json' };
    const answer = await this.request(method, path, { headers, body: body === undefined ? undefined : JSON.stringify(body) });
    return JSON.parse(answer.body.toString() || 'null');
  }

  /** The value of a session's cookie, for a browser. */
  async cookie() {
    const answer = await ask(`${this.url}/backoffice/api/sign_in`, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(ADMIN).toString(),
    });
    const [found] = (answer.headers['set-cookie'] ?? []).map((cookie) => /^stockroom_session=([^;]+)/.exec(cookie)?.[1]).filter(Boolean);
    if (!found) throw new Error(`cannot sign in: ${answer.status} ${answer.body}`);
    return found;
  }

  /** How many modules the list has. */
  async count() {
    return (await this.json('GET', '/modules?limit=1')).total;
  }

  /** Waits until the list has so many modules. */
  async knows(count) {
    await until(async () => (await this.count()) >= count, `${count} modules are in the list`, { seconds: 600, pause: 20 });
  }

  /** Waits for an installation; gives the job's end. */
  async job(ticket) {
    const ended = async () => {
      const job = await this.json('GET', `/jobs/${ticket}`);
      return job.finished && job;
    };
    const job = await until(ended, `job ${ticket}`, { pause: 1 });
    if (job.state !== 'succeeded') throw new Error(`${job.sentence} ${JSON.stringify(job.failure)}`);
    return job;
  }

  /** Installs a module of the catalogue. */
  async install(name) {
    const { ticket } = await this.json('POST', `/modules/${name}/install`, {});
    return this.job(ticket);
  }

  memory(field) {
    return memory(this.child.pid, field);
  }

  stop(signal) {
    return stop(this.child, signal);
  }

  /** Ends it and deletes its data. */
  async remove() {
    await this.stop('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
