'use strict';

const paths = require('./path');

const MAX_ITEMS = 100000;

/** The list of a message: a list, JSON text of one, or an error that no retry can mend. */
function listOf(context, value) {

    let list = value;
    if (typeof value === 'string') {
        try {
            list = JSON.parse(value);
        } catch {
            throw new context.CancelError('The list is text, but not JSON text of a list.');
        }
    }
    if (!Array.isArray(list)) throw new context.CancelError('A list is needed, such as ["a","b"].');
    if (list.length > MAX_ITEMS) {
        throw new context.CancelError(`The list has ${list.length} items; ${MAX_ITEMS} is the most that can be handled at once.`);
    }
    return list;
}

/** A function that takes the value of a field (or the item itself, without a field) from an item. */
function reader(context, field) {

    if (field === undefined || field === null || field === '') return item => item;
    const steps = paths.parse(context, field);
    return item => paths.get(item, steps).value;
}

/** Text that is equal for values that are equal as JSON, whatever the order of their keys. */
function canonical(value) {

    return JSON.stringify(value, (key, inner) => {
        if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
        return Object.fromEntries(Object.keys(inner).sort().map(name => [name, inner[name]]));
    }) ?? 'undefined';
}

module.exports = { listOf, reader, canonical };
