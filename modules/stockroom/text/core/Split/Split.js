'use strict';

const regex = require('../../lib/regex');
const textOf = require('../../lib/input');

module.exports = {

    async receive(context) {

        const { by = 'separator', separator = ',', trim = true, skipEmpty = true } = context.messages.in.content;
        const text = textOf(context, context.messages.in.content.text);

        let parts;
        if (by === 'lines') parts = text.split(/\r\n|\n|\r/);
        else if (by === 'whitespace') parts = text.split(/\s+/);
        else if (by === 'pattern') parts = regex.split(context, separator, 'u', text);
        else {
            if (separator === '') throw new context.CancelError('The separator is empty.');
            parts = text.split(separator);
        }
        if (trim) parts = parts.map(part => part.trim());
        if (skipEmpty) parts = parts.filter(part => part !== '');
        await context.sendJson({ parts, count: parts.length, first: parts[0] ?? '', last: parts[parts.length - 1] ?? '' }, 'out');
    }
};
