/** Templates written by hand, such as `{{{$.id.port.x}}}` or `{{{g_join $.id.port.list ", "}}}`, as modifiers. */

'use strict';

const lodash = require('lodash');
const { HostError } = require('./errors');

const TAG = /\{\{\{?([^{}]*)\}\}\}?/g;
/** Text in quotes, brackets, `name=` of a hash parameter, or a word. */
const TOKEN = /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([()])|([\w-]+)=|([^\s()]+)/y;

function broken(text, why) {

    return new HostError('invalid', `The template ${JSON.stringify(text.slice(0, 200))} is broken: ${why}.`, {
        name: 'TransformError', code: 'GRID_ERR_PORT_TRANSFORMATION'
    });
}

/** The same lambda with numbered placeholders, and the modifiers for each of its fields. */
function fromTemplates(lambda) {

    let last = 0;
    const values = {};
    const rules = {};
    for (const [field, value] of Object.entries(lambda)) {
        rules[field] = {};
        values[field] = eachText(value, text => {
            const replaced = text.replace(TAG, (tag, expression) => {
                const id = String(++last);
                rules[field][id] = parse(expression, text);
                return `\0${id}\0`;
            });
            if (replaced.includes('{{')) throw broken(text, 'a {{ has no end');
            return replaced.replace(/\0(\d+)\0/g, '{{{$1}}}');
        });
    }
    return { values, rules };
}

function eachText(value, change) {

    if (typeof value === 'string') return change(value);
    if (Array.isArray(value)) return value.map(item => eachText(item, change));
    return lodash.isPlainObject(value) ? lodash.mapValues(value, item => eachText(item, change)) : value;
}

function tokens(expression, text) {

    const found = [];
    TOKEN.lastIndex = 0;
    const source = expression.trim();
    for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
        while (/\s/.test(source[at])) at++;
        TOKEN.lastIndex = at;
        const match = TOKEN.exec(source);
        if (!match) throw broken(text, `"${source.slice(at)}" cannot be read`);
        const [, double, single, bracket, hash, word] = match;
        const quoted = double ?? single;
        if (quoted !== undefined) found.push({ literal: quoted.replace(/\\(.)/g, '$1') });
        else found.push({ bracket, hash, word });
    }
    return found;
}

function parse(expression, text) {

    const queue = tokens(expression, text);
    const rule = parseCall(queue, text);
    if (queue.length) throw broken(text, 'a bracket has no beginning');
    return rule;
}

/** `variable`, or `g_name value param… name=param…`, up to a closing bracket or the end. */
function parseCall(queue, text) {

    const first = queue.shift();
    if (first?.word === undefined) throw broken(text, 'it names no variable');
    if (!first.word.startsWith('g_')) return { variable: first.word };
    const call = { name: first.word, params: [], hashParams: {} };
    const operands = [];
    while (queue.length && queue[0].bracket !== ')') {
        const token = queue.shift();
        if (token.hash !== undefined) {
            call.hashParams[token.hash] = asParam(operand(queue.shift(), queue, text));
        } else {
            operands.push(operand(token, queue, text));
        }
    }
    const [subject, ...params] = operands;
    call.params = params.map(asParam);
    // The first operand is what the function is applied to, be it a literal.
    const start = subject?.rule ?? { literal: subject?.literal };
    return { ...start, functions: [...(start.functions ?? []), call] };
}

function operand(token, queue, text) {

    if (!token) throw broken(text, 'a value is missing');
    if ('literal' in token) return token;
    if (token.bracket === '(') {
        const rule = parseCall(queue, text);
        if (queue.shift()?.bracket !== ')') throw broken(text, 'a bracket has no end');
        return { rule };
    }
    if (/^-?\d+(\.\d+)?$/.test(token.word)) return { literal: Number(token.word) };
    if (['true', 'false', 'null'].includes(token.word)) return { literal: JSON.parse(token.word) };
    return { rule: { variable: token.word } };
}

function asParam({ rule, literal }) {

    return rule ? { value: '{{{p}}}', modifiers: { p: rule } } : { value: literal };
}

module.exports = { fromTemplates };
