'use strict';

/**
 * Cron expressions of five fields, evaluated on the wall clock of a time zone.
 *
 * As in the classic cron, a job with a fixed hour runs once a day even when the clocks
 * change: a time that is skipped runs right after the gap, a time that occurs twice runs
 * the first time only. A job whose hour is `*` or `*` with a step follows real time.
 */

const zones = require('./zone');

const MINUTE = 60000;
const YEARS_AHEAD = 9; // the next 29 February is at most eight years away
const NAMES = {
    month: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
    weekday: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
};
const FIELDS = [
    { key: 'minute', label: 'minute', min: 0, max: 59 },
    { key: 'hour', label: 'hour', min: 0, max: 23 },
    { key: 'day', label: 'day of month', min: 1, max: 31 },
    { key: 'month', label: 'month', min: 1, max: 12, names: NAMES.month, first: 1 },
    { key: 'weekday', label: 'day of week', min: 0, max: 7, names: NAMES.weekday, first: 0 }
];

function parseField(text, field, fail) {

    const value = part => {
        const name = field.names ? field.names.indexOf(part.toLowerCase()) : -1;
        if (name >= 0) return name + field.first;
        if (!/^\d{1,2}$/.test(part)) fail(`"${part}" is not a ${field.label}`);
        const n = Number(part);
        if (n < field.min || n > field.max) fail(`${field.label} ${n} is not between ${field.min} and ${field.max}`);
        return n;
    };
    const values = new Set();
    for (const item of text.split(',')) {
        const [range, stepText, more] = item.split('/');
        if (more !== undefined || range === '') fail(`"${item}" is not a ${field.label}`);
        if (stepText !== undefined && !/^[1-9]\d?$/.test(stepText)) fail(`"/${stepText}" is not a step`);
        const step = stepText === undefined ? 1 : Number(stepText);
        let from;
        let to;
        if (range === '*') {
            [from, to] = [field.min, field.key === 'weekday' ? 6 : field.max];
        } else if (range.includes('-')) {
            const ends = range.split('-');
            if (ends.length !== 2) fail(`"${range}" is not a range`);
            [from, to] = ends.map(value);
            if (field.key === 'weekday' && to === 0 && from > 0) to = 7;
            if (from > to) fail(`the range ${range} runs backwards`);
        } else {
            from = value(range);
            to = stepText === undefined ? from : field.max;
        }
        for (let n = from; n <= to; n += step) values.add(field.key === 'weekday' ? n % 7 : n);
    }
    return values;
}

/** Reads an expression; a mistake in it fails the start of the flow. */
function parse(context, expression) {

    const source = String(expression ?? '').trim();
    const fail = why => { throw new context.CancelError(`The cron expression "${source.slice(0, 100)}" is not valid: ${why}.`); };
    if (source.length > 500) fail('it is too long');
    const parts = source.split(/\s+/);
    if (parts.length !== 5) fail('it must have five fields: minute, hour, day of month, month, day of week');
    const cron = {};
    FIELDS.forEach((field, i) => { cron[field.key] = parseField(parts[i], field, fail); });
    cron.anyDay = parts[2].startsWith('*');
    cron.anyWeekday = parts[4].startsWith('*');
    cron.anyHour = parts[1].startsWith('*');
    cron.source = source;
    return cron;
}

function dayFits(cron, { year, month, day }) {

    if (!cron.month.has(month)) return false;
    const weekday = new Date(zones.asUtc({ year, month, day })).getUTCDay();
    if (cron.anyDay || cron.anyWeekday) return cron.day.has(day) && cron.weekday.has(weekday);
    return cron.day.has(day) || cron.weekday.has(weekday);
}

const timeFits = (cron, wall) => dayFits(cron, wall) && cron.hour.has(wall.hour) && cron.minute.has(wall.minute);

/** Whether a fixed time was skipped by the clocks between two instants. */
function skipped(cron, before, time, zone) {

    if (cron.anyHour) return false;
    const gap = zones.offset(time, zone) - zones.offset(before, zone);
    for (let back = gap; back > 0; back -= MINUTE) {
        const shown = new Date(zones.asUtc(zones.wall(time, zone)) - back);
        const wall = {
            year: shown.getUTCFullYear(), month: shown.getUTCMonth() + 1, day: shown.getUTCDate(),
            hour: shown.getUTCHours(), minute: shown.getUTCMinutes()
        };
        if (timeFits(cron, wall)) return true;
    }
    return false;
}

/** The first planned instant after `after` (milliseconds), or null if there is none within nine years. */
function next(cron, after, zone) {

    let before = after;
    let time = Math.floor(after / MINUTE) * MINUTE + MINUTE;
    const end = after + YEARS_AHEAD * 366 * 86400000;
    while (time < end) {
        const wall = zones.wall(time, zone);
        if (skipped(cron, before, time, zone)) return time;
        before = time;
        if (!dayFits(cron, wall)) {
            const midnight = zones.instant({ year: wall.year, month: wall.month, day: wall.day + 1 }, zone);
            time = Math.max(midnight, time + MINUTE);
            before = time - MINUTE;
        } else if (!cron.hour.has(wall.hour)) {
            time += (60 - wall.minute) * MINUTE;
        } else if (!cron.minute.has(wall.minute) || (!cron.anyHour && zones.instant(wall, zone) !== time)) {
            time += MINUTE;
        } else {
            return time;
        }
    }
    return null;
}

module.exports = { parse, next };
