'use strict';

const regex = require('../../lib/regex');
const textOf = require('../../lib/input');

module.exports = {

    async receive(context) {

        const { pattern, caseSensitive = true, multiline = false, limit = 100 } = context.messages.in.content;
        const text = textOf(context, context.messages.in.content.text);
        const flags = 'u' + (caseSensitive ? '' : 'i') + (multiline ? 'm' : '');
        const matches = regex.matches(context, pattern, flags, text, limit);
        if (!matches.length) return context.sendJson({ count: 0 }, 'none');
        const [{ match, groups, named }] = matches;
        await context.sendJson({ match, groups, named, matches, count: matches.length }, 'out');
    }
};
