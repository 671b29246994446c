'use strict';

const MAX_BYTES = 50_000_000;
const MAX_ROWS = 100000;

function decode(context, bytes) {

    let encoding = 'utf-8';
    if (bytes[0] === 0xff && bytes[1] === 0xfe) encoding = 'utf-16le';
    else if (bytes[0] === 0xfe && bytes[1] === 0xff) encoding = 'utf-16be';
    try {
        return new TextDecoder(encoding, { fatal: true }).decode(bytes);
    } catch {
        throw new context.CancelError('The file is not text in UTF-8 or UTF-16.');
    }
}

/** The bytes of a file of the engine, read only after a look at its size. */
async function bytesOf(context, fileId) {

    const info = await context.getFileInfo(fileId);
    if (info.length > MAX_BYTES) {
        throw new context.CancelError(`The file "${info.filename}" is larger than ${MAX_BYTES / 1000000} MB.`);
    }
    return context.loadFile(fileId);
}

/** The CSV text of a message, given as text or as a file. */
async function source(context, { text, fileId }) {

    if (text !== undefined && text !== null && text !== '') return String(text);
    if (fileId) return decode(context, await bytesOf(context, fileId));
    throw new context.CancelError('Give CSV text or a file.');
}

function fromJson(context, value, what) {

    if (typeof value !== 'string') return value;
    try {
        return JSON.parse(value);
    } catch {
        throw new context.CancelError(`${what} is text, but not JSON text.`);
    }
}

const isRow = row => row !== null && typeof row === 'object';

/** The rows of a message: all of them objects or lists. */
function rowsOf(context, value) {

    const rows = fromJson(context, value, '"Rows"');
    if (!Array.isArray(rows)) throw new context.CancelError('A list of rows is needed.');
    if (rows.length > MAX_ROWS) throw new context.CancelError(`There are more than ${MAX_ROWS} rows.`);
    const bad = rows.findIndex(row => !isRow(row));
    if (bad >= 0) throw new context.CancelError(`Row ${bad + 1} is neither an object nor a list.`);
    return rows;
}

const names = text => String(text ?? '').split(',').map(name => name.trim()).filter(Boolean);

/** The cell of a row by the name of its column, or by its position from 1 when the row is a list. */
function cell(row, column) {

    if (Array.isArray(row)) return /^[1-9]\d{0,5}$/.test(column) ? row[Number(column) - 1] : undefined;
    return Object.hasOwn(row, column) ? row[column] : undefined;
}

module.exports = { bytesOf, decode, source, fromJson, rowsOf, names, cell };
