'use strict';

const compare = require('../../lib/compare');
const { rowsOf, cell } = require('../../lib/input');

module.exports = {

    async receive(context) {

        const { column, operator, value, caseSensitive = true } = context.messages.in.content;
        const rows = rowsOf(context, context.messages.in.content.rows);
        if (rows.length && !rows.some(row => cell(row, column) !== undefined)) {
            throw new context.CancelError(`No row has a column "${column}".`);
        }
        const results = compare.testAll(context, rows.map(row => cell(row, column)), operator, value, { caseSensitive });
        const kept = rows.filter((row, i) => results[i]);
        await context.sendJson({ rows: kept, count: kept.length, removed: rows.length - kept.length }, 'out');
    }
};
