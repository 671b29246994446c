'use strict';

const MAX_TEXT = 5_000_000;

/** The text of a message; data that is not text becomes JSON text. */
module.exports = function textOf(context, value) {

    if (value === undefined || value === null) return '';
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    if (text.length > MAX_TEXT) throw new context.CancelError(`The text is longer than ${MAX_TEXT} characters.`);
    return text;
};
