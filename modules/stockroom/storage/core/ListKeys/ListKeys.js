'use strict';

module.exports = {

    async receive(context) {

        const { storeId, prefix = '', limit = 1000 } = context.messages.in.content;
        if (!storeId) throw new context.CancelError('Choose a store.');

        const all = await context.store.find(storeId, { query: {} });
        const fitting = all.filter(item => String(item.key).startsWith(prefix))
            .sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
        const items = fitting.slice(0, Math.min(limit, 10000))
            .map(({ key, value, updatedAt }) => ({ key, value, updatedAt: updatedAt ?? null }));
        await context.sendJson({
            items, keys: items.map(item => item.key), count: items.length, truncated: fitting.length > items.length
        }, 'out');
    }
};
