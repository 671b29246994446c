'use strict';

const keyOf = require('../../lib/input');

module.exports = {

    async receive(context) {

        const { storeId, key } = keyOf(context);
        const fallback = context.messages.in.content.default;
        const item = await context.store.get(storeId, key);
        const value = item?.value ?? null;

        if (value !== null) return context.sendJson({ key, value, found: true, updatedAt: item.updatedAt ?? null }, 'out');
        if (fallback !== undefined && fallback !== null && fallback !== '') {
            return context.sendJson({ key, value: fallback, found: false, updatedAt: null }, 'out');
        }
        await context.sendJson({ key }, 'missing');
    }
};
