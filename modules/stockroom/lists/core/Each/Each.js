'use strict';

const crypto = require('node:crypto');
const { listOf } = require('../../lib/input');

module.exports = {

    async receive(context) {

        const { list, limit } = context.messages.in.content;
        const all = listOf(context, list);
        const items = limit ? all.slice(0, limit) : all;
        // The same for every delivery of the same message, so that Collect can tell repetitions.
        const loopId = context.id ?? crypto.randomUUID();
        const count = items.length;

        await context.sendArray(items.map((item, index) => ({ item, index, count, loopId })), 'item');
        await context.sendJson({ count, loopId }, 'done');
    }
};
