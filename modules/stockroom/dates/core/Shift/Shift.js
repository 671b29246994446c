'use strict';

const dates = require('../../lib/date');
const zones = require('../../lib/zone');

const FIXED = { milliseconds: 1, seconds: 1000, minutes: 60000, hours: 3600000 };
const MAX_WORKDAYS = 100000;

function addWorkdays(wall, amount) {

    const result = { ...wall };
    const sign = Math.sign(amount);
    for (let left = Math.abs(amount); left > 0;) {
        result.day += sign;
        if (dates.weekday(result) <= 5) left--;
    }
    return result;
}

function shift(context, time, amount, unit, zone) {

    if (FIXED[unit]) return time + Math.round(amount * FIXED[unit]);
    if (!Number.isInteger(amount)) throw new context.CancelError(`Only whole ${unit} can be added.`);
    const wall = zones.wall(time, zone);
    switch (unit) {
        case 'days': return zones.instant({ ...wall, day: wall.day + amount }, zone);
        case 'weeks': return zones.instant({ ...wall, day: wall.day + amount * 7 }, zone);
        case 'months': return zones.instant(dates.addMonths(wall, amount), zone);
        case 'years': return zones.instant(dates.addMonths(wall, amount * 12), zone);
        case 'workdays':
            if (Math.abs(amount) > MAX_WORKDAYS) throw new context.CancelError(`At most ${MAX_WORKDAYS} working days can be added.`);
            return zones.instant(addWorkdays(wall, amount), zone);
    }
    throw new context.CancelError(`There is no unit "${unit}".`);
}

module.exports = {

    async receive(context) {

        const { date, unit = 'days', timeZone } = context.messages.in.content;
        const amount = Number(context.messages.in.content.amount);
        if (!Number.isFinite(amount)) throw new context.CancelError('The amount must be a number.');
        const zone = zones.check(context, timeZone);
        const from = dates.instantOf(context, date, zone);
        const time = dates.checkRange(context, amount === 0 ? from : shift(context, from, amount, unit, zone));
        await context.sendJson({ iso: new Date(time).toISOString(), local: dates.local(time, zone), unix: time / 1000 }, 'out');
    }
};
