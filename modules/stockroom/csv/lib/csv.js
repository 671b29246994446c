'use strict';

/** Reading and writing of delimited text, after RFC 4180, forgiving about line ends and stray quotes. */

const DELIMITERS = { comma: ',', semicolon: ';', tab: '\t', pipe: '|' };
const MAX_FIELDS = 10000;

/** The delimiter that splits the first lines most evenly; a comma if nothing speaks for another. */
function detect(text) {

    const sample = text.slice(0, 65536);
    let best = { name: 'comma', score: 0 };
    for (const [name, delimiter] of Object.entries(DELIMITERS)) {
        const rows = [];
        for (const row of records(sample, delimiter)) {
            rows.push(row.length);
            if (rows.length === 20) break;
        }
        // The last row of a cut sample may be half a row.
        if (rows.length > 1 && text.length > sample.length) rows.pop();
        const width = rows[0] ?? 0;
        const even = rows.filter(length => length === width).length / (rows.length || 1);
        const score = width > 1 ? even * 1000 + width : 0;
        if (score > best.score) best = { name, score };
    }
    return best.name;
}

/** Yields rows as lists of text. Empty lines are left out. */
function* records(text, delimiter) {

    let row = [];
    let cell = '';
    let quoted = false;
    let wasQuoted = false;
    let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
    const flush = () => {
        row.push(cell);
        cell = '';
        wasQuoted = false;
    };
    for (; at < text.length; at++) {
        const char = text[at];
        if (quoted) {
            if (char !== '"') cell += char;
            else if (text[at + 1] === '"') { cell += '"'; at++; }
            else quoted = false;
        } else if (char === '"' && cell === '' && !wasQuoted) {
            quoted = wasQuoted = true;
        } else if (char === delimiter) {
            flush();
        } else if (char === '\n' || char === '\r') {
            if (char === '\r' && text[at + 1] === '\n') at++;
            const blank = row.length === 0 && cell === '' && !wasQuoted;
            if (!blank) {
                flush();
                yield row;
            }
            row = [];
            cell = '';
            wasQuoted = false;
        } else {
            cell += char;
        }
    }
    if (row.length || cell !== '' || wasQuoted) {
        flush();
        yield row;
    }
}

/** `{ name, character }` of a delimiter by its name, or found in the text. */
function delimiterOf(context, name, text = '') {

    const found = !name || name === 'auto' ? detect(text) : name;
    if (!Object.hasOwn(DELIMITERS, found)) throw new context.CancelError(`There is no delimiter "${found}".`);
    return { name: found, character: DELIMITERS[found] };
}

/** Names for columns: trimmed, never empty, never twice. */
function columnNames(context, cells) {

    if (cells.length > MAX_FIELDS) throw new context.CancelError(`The data has more than ${MAX_FIELDS} columns.`);
    const used = new Set();
    return cells.map((cell, i) => {
        const base = String(cell).trim() || `Column ${i + 1}`;
        let name = base;
        for (let n = 2; used.has(name); n++) name = `${base} ${n}`;
        used.add(name);
        return name;
    });
}

const PLAIN_NUMBER = /^[+-]?(\d+([.,]\d+)*|\d*[.,]\d+)([eE][+-]?\d+)?\s?%?$/;

/** Spreadsheets run cells that begin like a formula; an apostrophe in front makes them plain text. */
function harmless(text) {

    return /^[=+\-@\t\r\n＝＋－＠]/.test(text) && !PLAIN_NUMBER.test(text) ? `'${text}` : text;
}

function cellText(value, escapeFormulas) {

    if (value === undefined || value === null) return '';
    if (typeof value === 'string') return escapeFormulas ? harmless(value) : value;
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** One line without a line end. */
function writeRow(values, delimiter, escapeFormulas) {

    return values.map(value => {
        const text = cellText(value, escapeFormulas);
        const quote = text.includes(delimiter) || /["\r\n]/.test(text) || text !== text.trim() || (values.length === 1 && text === '');
        return quote ? `"${text.replace(/"/g, '""')}"` : text;
    }).join(delimiter);
}

module.exports = { records, delimiterOf, columnNames, writeRow };
