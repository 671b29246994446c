'use strict';

const dates = require('../../lib/date');
const pattern = require('../../lib/pattern');
const zones = require('../../lib/zone');

const INTL = {
    date: { dateStyle: 'short' },
    time: { timeStyle: 'short' },
    datetime: { dateStyle: 'medium', timeStyle: 'short' },
    long: { dateStyle: 'long' },
    full: { dateStyle: 'full', timeStyle: 'long' }
};

module.exports = {

    async receive(context) {

        const { date, style = 'iso', timeZone, locale } = context.messages.in.content;
        const zone = zones.check(context, timeZone);
        const language = pattern.checkLocale(context, locale);
        const time = dates.instantOf(context, date, zone);

        let text;
        if (style === 'iso') text = dates.local(time, zone);
        else if (style === 'unix') text = String(Math.floor(time / 1000));
        else if (style === 'rfc2822') text = pattern.write(context, time, 'ddd, DD MMM YYYY HH:mm:ss Z', zone, 'en-US').replace(/:(\d\d)$/, '$1');
        else if (style === 'pattern') text = pattern.write(context, time, context.messages.in.content.pattern, zone, language);
        else if (INTL[style]) text = new Intl.DateTimeFormat(language, { ...INTL[style], timeZone: zone }).format(time);
        else throw new context.CancelError(`There is no style "${style}".`);

        await context.sendJson({ text, iso: new Date(time).toISOString() }, 'out');
    }
};
