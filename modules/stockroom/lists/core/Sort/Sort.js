'use strict';

const { listOf, reader } = require('../../lib/input');
const { toNumber, toText, toTime, isEmpty } = require('../../lib/compare');

function collator(context, locale) {

    try {
        return new Intl.Collator(locale || 'en', { numeric: true });
    } catch {
        throw new context.CancelError(`"${String(locale).slice(0, 40)}" is not a language tag. Use one such as cs or sv-SE.`);
    }
}

module.exports = {

    async receive(context) {

        const { list, field, order = 'ascending', as = 'auto', locale } = context.messages.in.content;
        const read = reader(context, field);
        const entries = listOf(context, list).map(item => ({ item, value: read(item) }));
        const filled = entries.filter(entry => !isEmpty(entry.value));

        let kind = as;
        if (as === 'auto') {
            const all = convert => filled.every(entry => !Number.isNaN(convert(entry.value)));
            kind = all(toNumber) ? 'number' : all(toTime) ? 'date' : 'text';
        }
        const compareText = collator(context, locale).compare;
        for (const entry of entries) {
            if (kind === 'number') entry.key = toNumber(entry.value);
            else if (kind === 'date') entry.key = Date.parse(entry.value);
            else entry.key = isEmpty(entry.value) ? null : toText(entry.value);
        }
        const none = key => key === null || Number.isNaN(key);
        const sign = order === 'descending' ? -1 : 1;
        entries.sort((a, b) => {
            if (none(a.key) || none(b.key)) return Number(none(a.key)) - Number(none(b.key));
            return sign * (kind === 'text' ? compareText(a.key, b.key) : a.key - b.key);
        });
        await context.sendJson({ list: entries.map(entry => entry.item), count: entries.length }, 'out');
    }
};
