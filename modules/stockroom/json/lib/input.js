'use strict';

const SPACE = /[ \t\r\n]*/y;
const SCALAR = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y;

/** The position at which a text stops being JSON. The messages of the parser do not always say. */
function mistakeAt(text) {

    const open = [];
    let at = 0;
    let expected = 'value';
    const read = pattern => {
        pattern.lastIndex = at;
        const match = pattern.exec(text);
        if (match) at += match[0].length;
        return match?.[0];
    };
    for (;;) {
        read(SPACE);
        const char = text[at];
        if (char === undefined) return at;
        if (expected === 'comma') {
            if (char === open[open.length - 1]) {
                open.pop();
            } else if (char === ',' && open.length) {
                expected = open[open.length - 1] === '}' ? 'key' : 'value';
            } else {
                return at;
            }
            at++;
        } else if (expected === 'colon') {
            if (char !== ':') return at;
            at++;
            expected = 'value';
        } else if (expected.startsWith('key')) {
            if (char === '}' && expected === 'key or end') {
                open.pop();
                at++;
                expected = 'comma';
            } else if (char === '"' && read(SCALAR)) {
                expected = 'colon';
            } else {
                return at;
            }
        } else if (char === ']' && expected === 'value or end') {
            open.pop();
            at++;
            expected = 'comma';
        } else if (char === '{' || char === '[') {
            open.push(char === '{' ? '}' : ']');
            at++;
            expected = char === '{' ? 'key or end' : 'value or end';
        } else if (read(SCALAR)) {
            expected = 'comma';
        } else {
            return at;
        }
    }
}

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
    } catch {
        if (source.trim() === '') return { reason: 'The text is empty.' };
        return { reason: `The text is not JSON: mistake at ${place(source, mistakeAt(source))}.` };
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
