'use strict';

function sorted(value) {

    if (Array.isArray(value)) return value.map(sorted);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted(value[key])]));
}

module.exports = {

    async receive(context) {

        const { data, indent = 0, sortKeys = false } = context.messages.in.content;
        if (data === undefined) throw new context.CancelError('There is no data to write.');
        const text = JSON.stringify(sortKeys ? sorted(data) : data, null, Math.min(Math.max(indent, 0), 10));
        await context.sendJson({ text, size: Buffer.byteLength(text) }, 'out');
    }
};
