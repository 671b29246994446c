'use strict';

const keyOf = require('../../lib/input');

module.exports = {

    async receive(context) {

        const { storeId, key } = keyOf(context);
        const by = Number(context.messages.in.content.by ?? 1);
        if (!Number.isFinite(by)) throw new context.CancelError('"By" must be a number.');

        await keyOf.exclusive(context, { storeId, key }, async () => {
            const stored = (await context.store.get(storeId, key))?.value ?? 0;
            const previous = typeof stored === 'string' && stored.trim() !== '' ? Number(stored) : stored;
            if (typeof previous !== 'number' || !Number.isFinite(previous)) {
                throw new context.CancelError(`The value of "${key}" is not a number.`);
            }
            const value = previous + by;
            await context.store.set(storeId, key, value);
            await context.sendJson({ key, value, previous }, 'out');
        });
    }
};
