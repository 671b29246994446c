'use strict';

/**
 * Runs the work of a tick unless the tick before is still at it: ticks of one component
 * may overlap when the work is slow.
 */
module.exports = async function once(context, work) {

    let lock;
    try {
        lock = await context.lock(`tick:${context.flowId}:${context.componentId}`, { ttl: 300000, maxRetryCount: 0 });
    } catch {
        return;
    }
    try {
        await work();
    } finally {
        await lock.unlock();
    }
};
