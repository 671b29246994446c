'use strict';

const EVENTS = ['insert', 'update', 'delete'];

function eventsOf(context) {

    const { events } = context.properties;
    if (!Array.isArray(events) || !events.length) return EVENTS;
    const unknown = events.find(event => !EVENTS.includes(event));
    if (unknown !== undefined) throw new context.CancelError(`There is no change "${unknown}".`);
    return events;
}

module.exports = {

    async start(context) {

        if (!context.properties.storeId) throw new context.CancelError('Choose a store.');
        await context.store.registerWebhook(context.properties.storeId, eventsOf(context));
    },

    async stop(context) {

        await context.store.unregisterWebhook(context.properties.storeId);
    },

    async receive(context) {

        const { type, currentValue } = context.messages.webhook.content.data ?? {};
        if (currentValue && eventsOf(context).includes(type) && String(currentValue.key).startsWith(context.properties.prefix ?? '')) {
            await context.sendJson({
                change: type,
                key: currentValue.key,
                value: type === 'delete' ? null : currentValue.value ?? null,
                previous: (type === 'delete' ? currentValue.oldValue ?? currentValue.value : currentValue.oldValue) ?? null,
                storeId: currentValue.storeId,
                updatedAt: currentValue.updatedAt ?? null
            }, 'out');
        }
        return context.response({ ok: true });
    }
};
