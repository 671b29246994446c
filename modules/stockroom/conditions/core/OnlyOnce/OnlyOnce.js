'use strict';

const crypto = require('node:crypto');
const { toText, isEmpty } = require('../../lib/compare');

const MAX_KEYS = 5000;
const DAY_MS = 86400000;

module.exports = {

    async receive(context) {

        const { key, days = 30 } = context.messages.in.content;
        if (isEmpty(key)) throw new context.CancelError('The key is empty.');
        if (!(days > 0)) throw new context.CancelError('The number of days must be greater than 0.');

        const hash = crypto.createHash('sha256').update(toText(key)).digest('base64url').slice(0, 22);
        const lock = await context.lock(`once:${context.flowId}:${context.componentId}`, { ttl: 30000 });
        try {
            const now = Date.now();
            const { seen = {} } = await context.loadState();
            const known = seen[hash];
            if (known && known.until > now && !(context.id && known.message === context.id)) {
                return await context.sendJson({ key, firstSeen: new Date(known.at).toISOString() }, 'repeated');
            }
            await context.sendJson({ key, firstSeen: new Date(now).toISOString() }, 'out');
            // The id of the message lets the same message through again if the engine delivers it twice.
            seen[hash] = { at: now, until: now + days * DAY_MS, ...(context.id ? { message: context.id } : {}) };
            const kept = Object.entries(seen).filter(([, entry]) => entry.until > now).sort((a, b) => b[1].at - a[1].at);
            await context.saveState({ seen: Object.fromEntries(kept.slice(0, MAX_KEYS)) });
        } finally {
            await lock.unlock();
        }
    }
};
