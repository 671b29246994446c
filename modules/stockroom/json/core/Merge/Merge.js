'use strict';

const { dataOf } = require('../../lib/input');
const { FORBIDDEN } = require('../../lib/path');

const MAX_DEPTH = 100;

const isObject = value => value !== null && typeof value === 'object' && !Array.isArray(value);

function merge(context, base, overlay, options, depth = 0) {

    if (depth > MAX_DEPTH) throw new context.CancelError(`The data is nested deeper than ${MAX_DEPTH} levels.`);
    if (isObject(base) && isObject(overlay) && (options.deep || depth === 0)) {
        const result = { ...base };
        for (const [key, value] of Object.entries(overlay)) {
            if (FORBIDDEN.has(key)) continue;
            result[key] = Object.hasOwn(base, key) ? merge(context, base[key], value, options, depth + 1) : value;
        }
        return result;
    }
    if (Array.isArray(base) && Array.isArray(overlay) && options.lists === 'join') return [...base, ...overlay];
    return overlay;
}

module.exports = {

    async receive(context) {

        const { deep = true, lists = 'replace' } = context.messages.in.content;
        const base = dataOf(context, context.messages.in.content.base, 'JSON');
        const overlay = dataOf(context, context.messages.in.content.overlay, 'Over it');
        if (!isObject(base) || !isObject(overlay)) throw new context.CancelError('Only objects can be merged.');
        await context.sendJson({ data: merge(context, base, overlay, { deep, lists }) }, 'out');
    }
};
