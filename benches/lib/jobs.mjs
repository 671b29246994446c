// When an installation has ended, told by the server itself: asking again and again would slow down what is measured.
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const timeout = (id) => sleep(120_000, undefined, { ref: false }).then(() => Promise.reject(new Error(`job ${id}: not ended within 120 s`)));

export class Jobs {
  #ended = new Map();
  #waiting = new Map();
  /** By job: each step with the moment at which it was heard of. */
  #steps = new Map();

  /** Listens to a Stockroom until `close`. */
  static async of(stockroom) {
    const jobs = new Jobs();
    jobs.agent = new http.Agent();
    const answer = await new Promise((resolve, reject) => {
      http.get(`${stockroom.url}/events`, { headers: stockroom.headers, agent: jobs.agent }, resolve).on('error', reject);
    });
    if (answer.statusCode !== 200) throw new Error(`/events: ${answer.statusCode}`);
    let text = '';
    answer.setEncoding('utf8').on('data', (part) => {
      const whole = (text + part).split('\n\n');
      text = whole.pop();
      whole.forEach((event) => jobs.#hear(event));
    });
    answer.on('error', () => {});
    return jobs;
  }

  #hear(event) {
    const at = performance.now();
    const data = event.split('\n').find((line) => line.startsWith('data:'));
    const job = data && JSON.parse(data.slice('data:'.length)).job?.job;
    if (!job) return;
    const steps = this.#steps.get(job.id) ?? [];
    this.#steps.set(job.id, steps);
    if (job.state === 'running') {
      if (steps.at(-1)?.step !== job.step) steps.push({ step: job.step, at });
      return;
    }
    const wake = this.#waiting.get(job.id);
    if (wake) wake({ job, at });
    else this.#ended.set(job.id, { job, at });
  }

  /** Waits for a job; gives the moment (of `performance.now()`) at which its end was heard of, and the milliseconds of its steps. */
  async end(id) {
    const heard = this.#ended.get(id) ?? new Promise((wake) => this.#waiting.set(id, wake));
    const { job, at } = await Promise.race([heard, timeout(id)]);
    this.#ended.delete(id);
    this.#waiting.delete(id);
    if (job.state !== 'succeeded') throw new Error(`${job.module}: ${JSON.stringify(job.failure)}`);
    const steps = this.#steps.get(id);
    this.#steps.delete(id);
    return { at, steps: steps.map(({ step, at: begun }, place) => ({ step, took: (steps[place + 1]?.at ?? at) - begun })) };
  }

  close() {
    this.agent.destroy();
  }
}
