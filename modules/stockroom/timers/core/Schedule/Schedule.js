'use strict';

const cron = require('../../lib/cron');
const once = require('../../lib/once');
const zones = require('../../lib/zone');

function plan(context) {

    const zone = zones.check(context, context.properties.timeZone);
    const parsed = cron.parse(context, context.properties.cron);
    return { zone, parsed, key: `${parsed.source} ${zone}` };
}

module.exports = {

    start(context) {

        const { parsed, zone } = plan(context);
        if (cron.next(parsed, Date.now(), zone) === null) {
            throw new context.CancelError(`The cron expression "${parsed.source}" names a date that never comes.`);
        }
    },

    async tick(context) {

        const { parsed, zone, key } = plan(context);
        await once(context, async () => {
            const now = new Date(context.messages.tick?.content?.now ?? Date.now()).getTime();
            const state = await context.loadState();
            if (state.key !== key || !state.due) {
                return context.saveState({ key, due: cron.next(parsed, now - 60000, zone) });
            }
            if (now < state.due) return;
            const due = cron.next(parsed, now, zone);
            await context.sendJson({
                scheduled: new Date(state.due).toISOString(),
                now: new Date(now).toISOString(),
                next: due === null ? null : new Date(due).toISOString(),
                timeZone: zone
            }, 'out');
            await context.saveState({ key, due });
        });
    }
};
