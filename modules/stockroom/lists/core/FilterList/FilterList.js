'use strict';

const compare = require('../../lib/compare');
const { listOf, reader } = require('../../lib/input');

module.exports = {

    async receive(context) {

        const { list, field, operator, value, caseSensitive = true } = context.messages.in.content;
        const items = listOf(context, list);
        const results = compare.testAll(context, items.map(reader(context, field)), operator, value, { caseSensitive });
        const kept = items.filter((item, i) => results[i]);
        await context.sendJson({ list: kept, count: kept.length, removed: items.length - kept.length }, 'out');
    }
};
