'use strict';

const zones = require('./zone');

const ISO = /^([+-]?\d{4,6})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;
const EPOCH = /^-?\d{1,16}(\.\d{1,6})?$/;
/** Larger numbers are milliseconds: as seconds they would lie after the year 5100. */
const MAX_SECONDS = 1e11;

function checkRange(context, time) {

    const year = new Date(time).getUTCFullYear();
    if (!(year >= 1 && year <= 9999)) throw new context.CancelError('The date is not between the years 1 and 9999.');
    return time;
}

/** Whether a wall time exists on the calendar: no 30 February, no hour 25. */
function isReal({ year, month, day, hour = 0, minute = 0, second = 0 }) {

    const date = new Date(zones.asUtc({ year, month, day }));
    return date.getUTCFullYear() === year && date.getUTCMonth() + 1 === month && date.getUTCDate() === day
        && hour <= 23 && minute <= 59 && second <= 59;
}

/** `+05:30`, `+0530`, `+05` or `Z` in milliseconds. */
function offsetMs(text) {

    if (/^z$/i.test(text)) return 0;
    const digits = text.slice(1).replace(':', '');
    const ms = (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0)) * 60000;
    return text[0] === '-' ? -ms : ms;
}

/** The instant of a date in one of the usual notations, in milliseconds since 1970. */
function instantOf(context, value, zone) {

    const fail = () => { throw new context.CancelError(`"${String(value).slice(0, 60)}" is not a date that is understood.`); };
    if (typeof value === 'number' || EPOCH.test(String(value).trim())) {
        const n = Number(value);
        return checkRange(context, Math.round(Math.abs(n) < MAX_SECONDS ? n * 1000 : n));
    }
    if (typeof value !== 'string') fail();
    const text = value.trim();
    const iso = ISO.exec(text);
    if (iso) {
        const [year, month, day, hour, minute, second] = iso.slice(1, 7).map(part => Number(part ?? 0));
        const wall = { year, month, day, hour, minute, second, ms: Number((iso[7] ?? '0').padEnd(3, '0').slice(0, 3)) };
        if (!isReal(wall)) fail();
        if (iso[8]) return checkRange(context, zones.asUtc(wall) - offsetMs(iso[8]));
        return checkRange(context, zones.instant(wall, zone));
    }
    // What is left: e-mail dates such as "Tue, 1 Apr 2025 10:00:00 +0200", always with a zone.
    if (/^([a-z]{3},\s*)?\d{1,2}\s[a-z]{3}\s\d{4}\s\d{1,2}:\d{2}(:\d{2})?\s(GMT|UTC?|Z|[+-]\d{4})$/i.test(text)) {
        const time = Date.parse(text);
        if (!Number.isNaN(time)) return checkRange(context, time);
    }
    return fail();
}

/** `2024-03-31T10:00:00+02:00`, with milliseconds only where there are any. */
function local(time, zone) {

    const w = zones.wall(time, zone);
    const pad = (n, width = 2) => String(n).padStart(width, '0');
    const ms = w.ms ? `.${pad(w.ms, 3)}` : '';
    return `${pad(w.year, 4)}-${pad(w.month)}-${pad(w.day)}T${pad(w.hour)}:${pad(w.minute)}:${pad(w.second)}${ms}${zones.offsetText(time, zone)}`;
}

/** Monday is 1, Sunday is 7. */
const weekday = wall => new Date(zones.asUtc(wall)).getUTCDay() || 7;

function isoWeek(wall) {

    const day = { year: wall.year, month: wall.month, day: wall.day };
    const thursday = new Date(zones.asUtc(day) + (4 - weekday(day)) * 86400000);
    const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
    return Math.floor((thursday.getTime() - first) / 604800000) + 1;
}

const daysInMonth = (year, month) => new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();

/** A wall time moved by months; a day that the month does not have becomes its last. */
function addMonths(wall, months) {

    const index = wall.year * 12 + wall.month - 1 + months;
    const year = Math.floor(index / 12);
    const month = index - year * 12 + 1;
    return { ...wall, year, month, day: Math.min(wall.day, daysInMonth(year, month)) };
}

module.exports = { instantOf, checkRange, isReal, offsetMs, local, weekday, isoWeek, addMonths };
