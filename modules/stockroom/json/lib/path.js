'use strict';

/**
 * Paths into data: `customer.name`, `items[0].price`, `items[-1]`, `items[*].id`,
 * `["name.with.dots"]`, optionally after `$` or `$.`. Only own properties are seen, so a
 * path never reaches into prototypes.
 */

const MAX_LENGTH = 1000;
const ALL = Symbol('all items');
const FORBIDDEN = new Set(['__proto__', 'prototype', 'constructor']);

/** A list of steps: text for names, numbers for positions, `ALL` for `[*]`. */
function parse(context, path) {

    const source = String(path).trim();
    const fail = why => { throw new context.CancelError(`The path "${source.slice(0, 100)}" is not valid: ${why}.`); };
    if (source.length > MAX_LENGTH) fail(`it is longer than ${MAX_LENGTH} characters`);
    const steps = [];
    let at = source[0] === '$' && (source.length === 1 || '.['.includes(source[1])) ? 1 : 0;
    while (at < source.length) {
        if (source[at] === '[') {
            const quote = source[at + 1];
            if (quote === '"' || quote === '\'') {
                let name = '';
                at += 2;
                while (at < source.length && source[at] !== quote) {
                    if (source[at] === '\\' && at + 1 < source.length) at++;
                    name += source[at++];
                }
                if (source[at + 1] !== ']') fail('a quoted name must end with a quote and ]');
                steps.push(name);
                at += 2;
                continue;
            }
            const end = source.indexOf(']', at);
            if (end < 0) fail('a ] is missing');
            const inner = source.slice(at + 1, end).trim();
            if (inner === '*') steps.push(ALL);
            else if (/^-?\d{1,9}$/.test(inner)) steps.push(Number(inner));
            else fail('between [ and ] belongs a position, * or a quoted name');
            at = end + 1;
            continue;
        }
        if (source[at] === '.') {
            at++;
            if (at === source.length || source[at] === '.' || source[at] === '[') fail('a name is missing after a dot');
        } else if (steps.length) {
            fail('after ] belongs a dot or another [');
        }
        let end = at;
        while (end < source.length && source[end] !== '.' && source[end] !== '[') end++;
        steps.push(source.slice(at, end).trim());
        at = end;
    }
    return steps;
}

const has = (value, key) => value !== null && typeof value === 'object' && Object.prototype.hasOwnProperty.call(value, key);

function step(value, name) {

    if (Array.isArray(value)) {
        const index = typeof name === 'number' ? name : /^\d{1,9}$/.test(name) ? Number(name) : NaN;
        const position = index < 0 ? value.length + index : index;
        return has(value, position) ? { found: true, value: value[position] } : { found: false };
    }
    return has(value, name) ? { found: true, value: value[name] } : { found: false };
}

/** `{ found, value }`. A path with `[*]` gives the list of what was found, and is found if the list is there. */
function get(data, steps) {

    let value = data;
    for (let i = 0; i < steps.length; i++) {
        if (steps[i] === ALL) {
            if (!Array.isArray(value)) return { found: false };
            const rest = steps.slice(i + 1);
            const found = value.map(item => get(item, rest)).filter(item => item.found).map(item => item.value);
            return { found: true, value: rest.includes(ALL) ? found.flat() : found };
        }
        const next = step(value, steps[i]);
        if (!next.found) return next;
        value = next.value;
    }
    return { found: true, value };
}

module.exports = { ALL, FORBIDDEN, parse, get, has };
