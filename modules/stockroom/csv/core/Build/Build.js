'use strict';

const csv = require('../../lib/csv');
const { rowsOf, names, cell } = require('../../lib/input');

function columnsOf(rows, wanted) {

    if (wanted.length) return wanted;
    const found = new Set();
    for (const row of rows) {
        if (!Array.isArray(row)) Object.keys(row).forEach(name => found.add(name));
    }
    return [...found];
}

module.exports = {

    async receive(context) {

        const content = context.messages.in.content;
        const { header = true, escapeFormulas = true, bom = false, filename } = content;
        const rows = rowsOf(context, content.rows);
        const lists = rows.filter(Array.isArray).length;
        if (lists && lists < rows.length) {
            throw new context.CancelError('Some rows are lists and others objects; all must be of one kind.');
        }
        const { character } = csv.delimiterOf(context, content.delimiter || 'comma');
        const columns = columnsOf(rows, names(content.columns));

        const lines = [];
        if (header && columns.length) lines.push(csv.writeRow(columns, character, escapeFormulas));
        for (const row of rows) {
            const values = Array.isArray(row) ? row : columns.map(name => cell(row, name));
            lines.push(csv.writeRow(values, character, escapeFormulas));
        }
        const text = lines.map(line => `${line}\r\n`).join('');

        const result = { text, count: rows.length, columns };
        if (filename) {
            const name = String(filename).replace(/[\u0000-\u001f/\\]/g, '_').slice(0, 200);
            const file = await context.saveFileStream(name, Buffer.from((bom ? '\ufeff' : '') + text));
            result.fileId = file.fileId;
            result.filename = name;
        }
        await context.sendJson(result, 'out');
    }
};
