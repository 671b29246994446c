'use strict';

/** The engine's timers run for one minute at least and 31 days at most; longer pauses are made of several. */
const SHORTEST_MS = 60000;
const LONGEST_MS = 30 * 86400000;

/** Waits until `until`, remembering when the message arrived. */
async function hold(context, until, arrived) {

    const rest = until - Date.now();
    await context.setTimeout({ until, arrived }, Math.min(Math.max(rest, SHORTEST_MS), LONGEST_MS));
}

/** To be called with the content of a time-out: waits on, or lets the message go. */
async function resume(context, { until, arrived }) {

    if (Date.now() < until - 1000) return hold(context, until, arrived);
    await release(context, arrived);
}

async function release(context, arrived) {

    const now = Date.now();
    await context.sendJson({
        arrived: new Date(arrived).toISOString(),
        released: new Date(now).toISOString(),
        seconds: Math.round((now - arrived) / 1000)
    }, 'out');
}

module.exports = { hold, resume, release };
