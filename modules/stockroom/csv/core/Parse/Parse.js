'use strict';

const csv = require('../../lib/csv');
const { source } = require('../../lib/input');

const NUMBER = /^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$/;
const MAX_ROWS = 100000;

module.exports = {

    async receive(context) {

        const { header = true, numbers = false, trim = false, limit = 10000 } = context.messages.in.content;
        const text = await source(context, context.messages.in.content);
        const delimiter = csv.delimiterOf(context, context.messages.in.content.delimiter, text);
        const most = Math.min(limit, MAX_ROWS);

        const convert = cell => {
            const value = trim ? cell.trim() : cell;
            return numbers && NUMBER.test(value.trim()) ? Number(value) : value;
        };
        const rows = [];
        let columns = null;
        let width = 0;
        let truncated = false;
        for (const record of csv.records(text, delimiter.character)) {
            if (header && !columns) {
                columns = csv.columnNames(context, record);
                continue;
            }
            if (rows.length === most) {
                truncated = true;
                break;
            }
            width = Math.max(width, record.length);
            rows.push(header ? this.toObject(columns, record.map(convert)) : record.map(convert));
        }
        await context.sendJson({
            rows,
            columns: columns ?? Array.from({ length: width }, (none, i) => `Column ${i + 1}`),
            count: rows.length,
            delimiter: delimiter.name,
            truncated
        }, 'out');
    },

    /** Short rows are filled up; cells beyond the header get names of their own. */
    toObject(columns, cells) {

        const entries = columns.map((name, i) => [name, cells[i] ?? '']);
        for (let i = columns.length; i < cells.length; i++) entries.push([`Column ${i + 1}`, cells[i]]);
        return Object.fromEntries(entries);
    }
};
