/** Durable timers: they fire after restarts too. */

'use strict';

const LONGEST_MS = 31 * 24 * 60 * 60 * 1000;

module.exports = run => ({
    setTimeout: (content, ms, options) => run.send('setTimeout', async () => {
        const delay = Number(ms);
        if (!Number.isFinite(delay)) throw new TypeError(`setTimeout: ${ms} is no number of milliseconds.`);
        if (delay > LONGEST_MS) throw new RangeError('setTimeout: at most 31 days are allowed.');
        const args = { content: content ?? null, ms: Math.max(0, delay), scope: options?.scope ?? run.scope };
        if (options?.correlationId) args.correlationId = options.correlationId;
        return run.call('setTimeout', args);
    }),
    clearTimeout: async id => id === undefined || id === null ? null : run.ask('clearTimeout', { id })
});
