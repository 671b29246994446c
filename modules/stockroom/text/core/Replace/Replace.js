'use strict';

const regex = require('../../lib/regex');
const textOf = require('../../lib/input');

const literal = text => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

module.exports = {

    async receive(context) {

        const { search, pattern = false, caseSensitive = true, all = true } = context.messages.in.content;
        const text = textOf(context, context.messages.in.content.text);
        const replacement = textOf(context, context.messages.in.content.replacement);
        if (!search) throw new context.CancelError('There is nothing to search for.');

        const flags = (all ? 'g' : '') + (caseSensitive ? '' : 'i');
        let result;
        if (pattern) {
            result = regex.replace(context, search, flags, text, replacement);
        } else {
            let count = 0;
            const replaced = text.replace(new RegExp(literal(search), flags), () => { count++; return replacement; });
            result = { text: replaced, count };
        }
        await context.sendJson(result, 'out');
    }
};
