'use strict';

const paths = require('../../lib/path');
const textOf = require('../../lib/input');

const PLACE = /\$\$\{|\$\{([^{}|]{1,500})(?:\|([^{}]{0,1000}))?\}/g;
const HTML = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' };
const ESCAPE = {
    none: text => text,
    html: text => text.replace(/[&<>"']/g, char => HTML[char]),
    url: text => encodeURIComponent(text.toWellFormed ? text.toWellFormed() : text),
    json: text => JSON.stringify(text).slice(1, -1)
};

module.exports = {

    async receive(context) {

        const { missing: whenMissing = 'empty', escape = 'none' } = context.messages.in.content;
        const template = textOf(context, context.messages.in.content.template);
        if (!ESCAPE[escape]) throw new context.CancelError(`Values cannot be escaped for "${escape}".`);
        let { data } = context.messages.in.content;
        if (typeof data === 'string') {
            try {
                data = JSON.parse(data);
            } catch {
                throw new context.CancelError('The data is text, but not JSON text.');
            }
        }

        const missing = [];
        const text = template.replace(PLACE, (place, path, fallback) => {
            if (path === undefined) return '${';
            const { value } = paths.get(data, paths.parse(context, path));
            if (value !== undefined && value !== null) return ESCAPE[escape](textOf(context, value));
            if (fallback !== undefined) return ESCAPE[escape](fallback);
            missing.push(path.trim());
            return whenMissing === 'keep' ? place : '';
        });
        if (missing.length && whenMissing === 'fail') {
            throw new context.CancelError(`The data has no value for ${missing.slice(0, 10).join(', ')}.`);
        }
        await context.sendJson({ text: textOf(context, text), missing }, 'out');
    }
};
