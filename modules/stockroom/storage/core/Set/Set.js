'use strict';

const keyOf = require('../../lib/input');

module.exports = {

    async receive(context) {

        const { storeId, key } = keyOf(context);
        const { value, onlyIfAbsent = false } = context.messages.in.content;
        if (value === undefined || value === null) throw new context.CancelError('There is no value to keep. Use Delete value to remove one.');

        await keyOf.exclusive(context, { storeId, key }, async () => {
            const previous = (await context.store.get(storeId, key))?.value ?? null;
            const written = !(onlyIfAbsent && previous !== null);
            if (written) await context.store.set(storeId, key, value);
            await context.sendJson({ key, value: written ? value : previous, previous, written }, 'out');
        });
    }
};
