'use strict';

const MAX_KEY = 512;

/** Checks the store and the key of a message. */
module.exports = function keyOf(context) {

    const { storeId, key } = context.messages.in.content;
    if (!storeId) throw new context.CancelError('Choose a store.');
    if (key === undefined || key === null || key === '') throw new context.CancelError('The key is empty.');
    if (String(key).length > MAX_KEY) throw new context.CancelError(`The key is longer than ${MAX_KEY} characters.`);
    return { storeId, key: String(key) };
};

/** Readers and writers of one key take turns, across all flows. */
module.exports.exclusive = async function exclusive(context, { storeId, key }, work) {

    const lock = await context.lock(`key:${storeId}:${key}`, { ttl: 20000, retryDelay: 50, maxRetryCount: 200 });
    try {
        return await work();
    } finally {
        await lock.unlock();
    }
};
