'use strict';

const crypto = require('node:crypto');

const MAX_ITEMS = 10000;

/** State keys must not contain dots, and loop IDs come from outside. */
const stateKey = loopId => `loop-${crypto.createHash('sha256').update(loopId).digest('base64url').slice(0, 22)}`;

const listOf = batch => Object.keys(batch.items).map(Number).sort((a, b) => a - b).map(index => batch.items[index]);

module.exports = {

    async receive(context) {

        if (context.messages.timeout) return this.giveUp(context, context.messages.timeout.content.key);

        const message = context.messages.in;
        const { value = null, count, index, timeoutMinutes } = message.content;
        if (!Number.isInteger(count) || count < 1 || count > MAX_ITEMS) {
            throw new context.CancelError(`"How many" must be a whole number from 1 to ${MAX_ITEMS}.`);
        }
        if (index !== undefined && index !== null && !(Number.isInteger(index) && index >= 0)) {
            throw new context.CancelError('The position must be a whole number from 0.');
        }
        const loopId = String(message.content.loopId || message.correlationId || 'default');
        const key = stateKey(loopId);

        const lock = await this.lock(context);
        try {
            const state = await context.loadState();
            const batch = state[key] ?? { loopId, count, items: {}, started: Date.now() };
            if (index === undefined || index === null) {
                const position = Object.keys(batch.items).length;
                batch.items[position] = value;
            } else {
                batch.items[index] = value;
            }
            const list = listOf(batch);
            if (list.length >= count) {
                await context.sendJson({ list, count: list.length, loopId }, 'out');
                if (batch.timeoutId) await context.clearTimeout(batch.timeoutId);
                delete state[key];
            } else {
                if (timeoutMinutes && !batch.timeoutId) {
                    batch.timeoutId = await context.setTimeout({ key }, Math.max(timeoutMinutes, 1) * 60000);
                }
                batch.count = count;
                state[key] = batch;
            }
            await context.saveState(state);
        } finally {
            await lock.unlock();
        }
    },

    async giveUp(context, key) {

        const lock = await this.lock(context);
        try {
            const state = await context.loadState();
            const batch = state[key];
            if (!batch) return;
            const list = listOf(batch);
            await context.sendJson({ list, count: list.length, expected: batch.count, loopId: batch.loopId }, 'incomplete');
            delete state[key];
            await context.saveState(state);
        } finally {
            await lock.unlock();
        }
    },

    lock(context) {

        return context.lock(`collect:${context.flowId}:${context.componentId}`, { ttl: 30000, retryDelay: 100, maxRetryCount: 200 });
    }
};
