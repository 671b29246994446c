/** Locks that all flows share. */

'use strict';

module.exports = run => ({
    lock: async (name, options) => {
        const { ttl = 20000, retryDelay = 200, maxRetryCount = 30 } = options ?? {};
        const lock = await run.ask('lock', { name: String(name), ttl, retryDelay, maxRetryCount });
        let isHeld = true;
        return {
            /** May be called again, and never rejects. */
            unlock: () => run.begin(async () => {
                if (!isHeld) return null;
                isHeld = false;
                return run.call('lock.unlock', { lock }).catch(err => run.warn(`unlock of ${name}: ${err.message}`));
            }),
            extend: ms => run.ask('lock.extend', { lock, ms })
        };
    }
});
