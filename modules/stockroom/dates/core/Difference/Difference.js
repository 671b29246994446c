'use strict';

const dates = require('../../lib/date');
const zones = require('../../lib/zone');

const FIXED = { milliseconds: 1, seconds: 1000, minutes: 60000, hours: 3600000 };

/** Days on the calendar: a day on which the clocks change still counts as one. */
function days(from, to, zone) {

    return (zones.asUtc(zones.wall(to, zone)) - zones.asUtc(zones.wall(from, zone))) / 86400000;
}

/** Whole months that fit, and the rest as a part of the month that follows. */
function months(from, to, zone) {

    if (to < from) return -months(to, from, zone);
    const start = zones.wall(from, zone);
    const end = zones.wall(to, zone);
    let whole = (end.year - start.year) * 12 + end.month - start.month;
    const at = count => zones.asUtc(dates.addMonths(start, count));
    const goal = zones.asUtc(end);
    if (at(whole) > goal) whole--;
    return whole + (goal - at(whole)) / (at(whole + 1) - at(whole));
}

module.exports = {

    async receive(context) {

        const { from, to, unit = 'days', whole = false, timeZone } = context.messages.in.content;
        const zone = zones.check(context, timeZone);
        const a = dates.instantOf(context, from, zone);
        const b = dates.instantOf(context, to, zone);

        let value;
        if (FIXED[unit]) value = (b - a) / FIXED[unit];
        else if (unit === 'days') value = days(a, b, zone);
        else if (unit === 'weeks') value = days(a, b, zone) / 7;
        else if (unit === 'months') value = months(a, b, zone);
        else if (unit === 'years') value = months(a, b, zone) / 12;
        else throw new context.CancelError(`There is no unit "${unit}".`);

        if (whole) value = Math.trunc(value);
        await context.sendJson({ value: value === 0 ? 0 : value, unit, milliseconds: b - a, later: b > a }, 'out');
    }
};
