'use strict';

const once = require('../../lib/once');

const UNITS = { minutes: 60000, hours: 3600000, days: 86400000 };
/** Ticks come about once a minute and may be a little early; without this a run would slip by a whole tick. */
const EARLY_MS = 5000;

function intervalOf(context) {

    const { interval = 15, unit = 'minutes' } = context.properties;
    const size = UNITS[unit];
    if (!size) throw new context.CancelError(`"${unit}" is not a unit. Use minutes, hours or days.`);
    if (!Number.isInteger(interval) || interval < 1) {
        throw new context.CancelError('The interval must be a whole number of at least 1.');
    }
    return interval * size;
}

module.exports = {

    start(context) {

        intervalOf(context);
    },

    async tick(context) {

        const every = intervalOf(context);
        await once(context, async () => {
            const now = new Date(context.messages.tick?.content?.now ?? Date.now()).getTime();
            const state = await context.loadState();
            if (!state.due) {
                state.due = now + (context.properties.immediately ? 0 : every);
                state.count = 0;
            }
            if (now + EARLY_MS < state.due) {
                return context.saveState(state);
            }
            // The grid is kept; runs that were missed while the engine was down are not made up for.
            const periods = Math.max(1, Math.floor((now + EARLY_MS - state.due) / every) + 1);
            const due = state.due + periods * every;
            const count = state.count + 1;
            await context.sendJson({
                now: new Date(now).toISOString(),
                previous: state.previous ? new Date(state.previous).toISOString() : null,
                next: new Date(due).toISOString(),
                count
            }, 'out');
            await context.saveState({ due, count, previous: now });
        });
    }
};
