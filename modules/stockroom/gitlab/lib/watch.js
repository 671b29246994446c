'use strict';

const api = require('./api');
const once = require('./once');

const MAX_REMEMBERED = 1000;
const MAX_PER_TICK = 500;

/**
 * Sends what was created since the last tick, oldest first. The first tick only remembers
 * the newest item. GitLab's own clock is used throughout, and since its `created_after`
 * includes the second it names, items are also told apart by their ID.
 */
module.exports = async function watch(context, { path, params, key, convert }) {

    await once(context, async () => {
        let state = await context.loadState();
        if (state.key !== key) state = { key };

        if (!state.seen) {
            const newest = await api.request(context, 'GET', path, { params: { ...params, order_by: 'created_at', sort: 'desc', per_page: 20 } });
            return context.saveState({ key, since: newest.data[0]?.created_at ?? null, seen: newest.data.map(item => item.id) });
        }

        const { items } = await api.list(context, path, {
            ...params, order_by: 'created_at', sort: 'asc', ...(state.since ? { created_after: state.since } : {})
        }, MAX_PER_TICK);
        const known = new Set(state.seen);
        try {
            for (const item of items) {
                if (known.has(item.id)) continue;
                await context.sendJson(convert(item), 'out');
                known.add(item.id);
                state.since = item.created_at;
            }
        } finally {
            await context.saveState({ key, since: state.since, seen: [...known].slice(-MAX_REMEMBERED) });
        }
    });
};
