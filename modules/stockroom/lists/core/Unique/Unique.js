'use strict';

const { listOf, reader, canonical } = require('../../lib/input');

module.exports = {

    async receive(context) {

        const { list, field } = context.messages.in.content;
        const items = listOf(context, list);
        const read = reader(context, field);
        const seen = new Set();
        const kept = items.filter(item => {
            const key = canonical(read(item));
            return !seen.has(key) && seen.add(key);
        });
        await context.sendJson({ list: kept, count: kept.length, removed: items.length - kept.length }, 'out');
    }
};
