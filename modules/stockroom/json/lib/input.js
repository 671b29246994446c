'use strict';

/** `line 3, column 7` of a position in a text. */
function place(text, position) {

    const lines = text.slice(0, position).split('\n');
    return `line ${lines.length}, column ${lines[lines.length - 1].length + 1}`;
}

/** Parses JSON; the reason of a failure names the place where it went wrong, never the data. */
function parse(text) {

    const source = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    try {
        return { data: JSON.parse(source) };
    } catch (err) {
        const position = /at position (\d+)/.exec(err.message);
        if (position) return { reason: `The text is not JSON: mistake at ${place(source, Number(position[1]))}.` };
        return { reason: source.trim() === '' ? 'The text is empty.' : 'The text is not JSON: it ends too early or has a wrong character.' };
    }
}

/** Data of a message, given as it is or as JSON text of an object or a list. */
function dataOf(context, value, what) {

    if (typeof value !== 'string') return value;
    const { data, reason } = parse(value);
    if (reason) throw new context.CancelError(`${what}: ${reason}`);
    return data;
}

function kind(value) {

    if (value === null || value === undefined) return 'null';
    return Array.isArray(value) ? 'list' : { string: 'text', object: 'object' }[typeof value] ?? typeof value;
}

module.exports = { parse, dataOf, kind };
