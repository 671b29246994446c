'use strict';

const csv = require('../../lib/csv');
const { bytesOf, decode, fromJson } = require('../../lib/input');

module.exports = {

    async receive(context) {

        const { fileId, escapeFormulas = true, delimiter: wanted } = context.messages.in.content;
        const row = fromJson(context, context.messages.in.content.row, '"Row"');
        if (row === null || typeof row !== 'object') throw new context.CancelError('The row must be an object or a list of cells.');

        const lock = await context.lock(`csv:${fileId}`, { ttl: 60000, maxRetryCount: 100 });
        try {
            const bytes = await bytesOf(context, fileId);
            if (bytes.length > 1 && (bytes[0] === 0xff || bytes[0] === 0xfe)) {
                throw new context.CancelError('Rows can be appended to files in UTF-8 only.');
            }
            const text = decode(context, bytes);
            const delimiter = csv.delimiterOf(context, wanted, text);
            const [header = []] = csv.records(text, delimiter.character);
            const line = csv.writeRow(this.cells(context, row, header), delimiter.character, escapeFormulas);

            const newline = text.includes('\r\n') || !text.includes('\n') ? '\r\n' : '\n';
            const gap = text !== '' && !/[\r\n]$/.test(text) ? newline : '';
            const content = Buffer.concat([bytes, Buffer.from(gap + line + newline)]);
            await context.replaceFileStream(fileId, content);
            await context.sendJson({ fileId, line, size: content.length }, 'out');
        } finally {
            await lock.unlock();
        }
    },

    /** The cells of a row in the order of the header. */
    cells(context, row, header) {

        if (Array.isArray(row)) return row;
        if (!header.length) throw new context.CancelError('The file is empty: give the row as a list, or write a header line first.');
        const columns = csv.columnNames(context, header);
        const unknown = Object.keys(row).find(name => !columns.includes(name));
        if (unknown !== undefined) throw new context.CancelError(`The file has no column "${unknown}".`);
        return columns.map(name => row[name]);
    }
};
