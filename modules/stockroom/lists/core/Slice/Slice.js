'use strict';

const { listOf } = require('../../lib/input');

module.exports = {

    async receive(context) {

        const { list, start = 0, length } = context.messages.in.content;
        const items = listOf(context, list);
        const from = start < 0 ? Math.max(0, items.length + start) : start;
        const part = items.slice(from, length === undefined || length === null ? undefined : from + length);
        await context.sendJson({
            list: part, count: part.length, first: part[0] ?? null, last: part[part.length - 1] ?? null
        }, 'out');
    }
};
