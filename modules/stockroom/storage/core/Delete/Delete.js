'use strict';

const keyOf = require('../../lib/input');

module.exports = {

    async receive(context) {

        const { storeId, key } = keyOf(context);
        await keyOf.exclusive(context, { storeId, key }, async () => {
            const previous = (await context.store.get(storeId, key))?.value ?? null;
            if (previous !== null) await context.store.remove(storeId, key);
            await context.sendJson({ key, previous, deleted: previous !== null }, 'out');
        });
    }
};
