'use strict';

const textOf = require('../../lib/input');

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The first `limit` characters as readers count them, without walking through a long text to its end. */
function firstOf(text, limit) {

    const chars = [];
    for (const { segment } of graphemes.segment(text)) {
        if (chars.length === limit) break;
        chars.push(segment);
    }
    return chars;
}

module.exports = {

    async receive(context) {

        const { length, ending = '…', words = true } = context.messages.in.content;
        const text = textOf(context, context.messages.in.content.text);
        if (!Number.isInteger(length) || length < 1) throw new context.CancelError('The length must be a whole number from 1.');

        const chars = firstOf(text, length + 1);
        if (chars.length <= length) return context.sendJson({ text, shortened: false }, 'out');

        const tail = firstOf(ending, length);
        const room = length - tail.length;
        let cut = chars.slice(0, room);
        if (words && !/\s/u.test(chars[room])) {
            const space = cut.findLastIndex(char => /\s/u.test(char));
            if (space > 0) cut = cut.slice(0, space);
        }
        await context.sendJson({ text: cut.join('').trimEnd() + tail.join(''), shortened: true }, 'out');
    }
};
