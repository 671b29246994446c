'use strict';

const dates = require('../../lib/date');
const zones = require('../../lib/zone');

const WEEK_START = { monday: 1, saturday: 6, sunday: 7 };

/** The first wall time of the unit that holds a wall time, and of the one that follows. */
function bounds(context, wall, unit, weekStart) {

    const day = { year: wall.year, month: wall.month, day: wall.day };
    const month = { year: wall.year, month: wall.month, day: 1 };
    switch (unit) {
        case 'day': return [day, { ...day, day: day.day + 1 }];
        case 'week': {
            const first = { ...day, day: day.day - (dates.weekday(day) - WEEK_START[weekStart] + 7) % 7 };
            return [first, { ...first, day: first.day + 7 }];
        }
        case 'month': return [month, dates.addMonths(month, 1)];
        case 'quarter': {
            const first = { ...month, month: month.month - (month.month - 1) % 3 };
            return [first, dates.addMonths(first, 3)];
        }
        case 'year': return [{ ...month, month: 1 }, { ...month, month: 1, year: wall.year + 1 }];
    }
    throw new context.CancelError(`There is no unit "${unit}".`);
}

module.exports = {

    async receive(context) {

        const { date, to = 'start', unit = 'day', weekStart = 'monday', timeZone } = context.messages.in.content;
        if (!WEEK_START[weekStart]) throw new context.CancelError(`Weeks cannot begin on "${weekStart}".`);
        const zone = zones.check(context, timeZone);
        const time = dates.instantOf(context, date, zone);

        let start;
        let next;
        if (unit === 'minute' || unit === 'hour') {
            // Within an hour real time and wall time run alike, so the hour that occurs twice stays apart.
            const size = unit === 'minute' ? 60000 : 3600000;
            const shown = zones.asUtc(zones.wall(time, zone));
            start = time - (((shown % size) + size) % size);
            next = start + size;
        } else {
            [start, next] = bounds(context, zones.wall(time, zone), unit, weekStart).map(wall => zones.instant(wall, zone));
        }
        const result = to === 'end' ? next - 1 : start;
        await context.sendJson({ iso: new Date(result).toISOString(), local: dates.local(result, zone) }, 'out');
    }
};
