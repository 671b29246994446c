'use strict';

const dates = require('../../lib/date');
const pattern = require('../../lib/pattern');
const zones = require('../../lib/zone');

module.exports = {

    async receive(context) {

        const content = context.messages.in.content;
        const zone = zones.check(context, content.timeZone);
        const time = content.pattern
            ? pattern.read(context, content.date, content.pattern, zone, pattern.checkLocale(context, content.locale))
            : dates.instantOf(context, content.date, zone);
        const { year, month, day, hour, minute, second } = zones.wall(time, zone);
        await context.sendJson({
            iso: new Date(time).toISOString(),
            unix: time / 1000,
            year, month, day, hour, minute, second,
            weekday: dates.weekday({ year, month, day }),
            week: dates.isoWeek({ year, month, day }),
            dayOfYear: Math.round((zones.asUtc({ year, month, day }) - zones.asUtc({ year, month: 1, day: 1 })) / 86400000) + 1,
            offset: zones.offsetText(time, zone)
        }, 'out');
    }
};
