'use strict';

/** Dates written and read by patterns such as `dddd D MMMM YYYY, HH:mm`. */

const zones = require('./zone');
const dates = require('./date');

const TOKENS = /\[([^\]]{0,100})\]|YYYY|YY|MMMM|MMM|MM|M|DD|D|dddd|ddd|HH|H|hh|h|mm|m|ss|s|SSS|A|a|Z/g;
const MAX_LENGTH = 200;

const two = n => String(n).padStart(2, '0');
const twelve = hour => hour % 12 || 12;

function check(context, pattern) {

    if (!pattern) throw new context.CancelError('The pattern is missing.');
    if (pattern.length > MAX_LENGTH) throw new context.CancelError(`The pattern is longer than ${MAX_LENGTH} characters.`);
}

function checkLocale(context, locale) {

    try {
        return Intl.getCanonicalLocales(locale || 'en')[0] ?? 'en';
    } catch {
        throw new context.CancelError(`"${String(locale).slice(0, 40)}" is not a language tag. Use one such as cs or en-GB.`);
    }
}

/** The name of a month or day inside a date, which in some languages differs from the name alone. */
function nameOf(time, locale, zone, part, length) {

    const options = part === 'month' ? { month: length, day: 'numeric' } : { weekday: length };
    const parts = new Intl.DateTimeFormat(locale, { ...options, calendar: 'gregory', timeZone: zone }).formatToParts(time);
    return parts.find(({ type }) => type === part).value;
}

function write(context, time, pattern, zone, locale) {

    check(context, pattern);
    const w = zones.wall(time, zone);
    const values = {
        YYYY: () => String(w.year).padStart(4, '0'), YY: () => two(w.year % 100),
        MMMM: () => nameOf(time, locale, zone, 'month', 'long'), MMM: () => nameOf(time, locale, zone, 'month', 'short'),
        MM: () => two(w.month), M: () => String(w.month), DD: () => two(w.day), D: () => String(w.day),
        dddd: () => nameOf(time, locale, zone, 'weekday', 'long'), ddd: () => nameOf(time, locale, zone, 'weekday', 'short'),
        HH: () => two(w.hour), H: () => String(w.hour), hh: () => two(twelve(w.hour)), h: () => String(twelve(w.hour)),
        mm: () => two(w.minute), m: () => String(w.minute), ss: () => two(w.second), s: () => String(w.second),
        SSS: () => String(w.ms).padStart(3, '0'), A: () => w.hour < 12 ? 'AM' : 'PM', a: () => w.hour < 12 ? 'am' : 'pm',
        Z: () => zones.offsetText(time, zone)
    };
    return pattern.replace(TOKENS, (token, literal) => literal ?? values[token]());
}

/** Month names of a language, in every form that a text may use, with the number of the month. */
function monthNames(locale) {

    const names = [];
    for (let month = 1; month <= 12; month++) {
        const time = Date.UTC(2001, month - 1, 2);
        for (const length of ['long', 'short']) {
            names.push([nameOf(time, locale, 'UTC', 'month', length), month]);
            names.push([new Intl.DateTimeFormat(locale, { month: length, calendar: 'gregory', timeZone: 'UTC' }).format(time), month]);
        }
    }
    return names.map(([name, month]) => [name.toLocaleLowerCase(locale), month]).sort((a, b) => b[0].length - a[0].length);
}

const DIGITS = {
    YYYY: [4, 4, 'year'], YY: [2, 2, 'shortYear'], MM: [2, 2, 'month'], M: [1, 2, 'month'], DD: [2, 2, 'day'], D: [1, 2, 'day'],
    HH: [2, 2, 'hour'], H: [1, 2, 'hour'], hh: [2, 2, 'hour12'], h: [1, 2, 'hour12'], mm: [2, 2, 'minute'], m: [1, 2, 'minute'],
    ss: [2, 2, 'second'], s: [1, 2, 'second'], SSS: [3, 3, 'ms']
};

/** The instant of a text that follows a pattern. */
function read(context, text, pattern, zone, locale) {

    check(context, pattern);
    const source = String(text).trim();
    const fail = why => { throw new context.CancelError(`"${source.slice(0, 60)}" does not follow the pattern "${pattern}": ${why}.`); };
    const found = {};
    let at = 0;

    const literal = part => {
        if (source.slice(at, at + part.length) !== part) fail(`"${part}" is expected at position ${at + 1}`);
        at += part.length;
    };
    const token = name => {
        if (DIGITS[name]) {
            const [min, max, key] = DIGITS[name];
            let end = at;
            while (end < source.length && end - at < max && source[end] >= '0' && source[end] <= '9') end++;
            if (end - at < min) fail(`a number is expected at position ${at + 1}`);
            found[key] = Number(source.slice(at, end));
            at = end;
        } else if (name === 'MMMM' || name === 'MMM') {
            const rest = source.slice(at).toLocaleLowerCase(locale);
            const match = monthNames(locale).find(([month]) => rest.startsWith(month));
            if (!match) fail(`a month is expected at position ${at + 1}`);
            found.month = match[1];
            at += match[0].length;
        } else if (name === 'dddd' || name === 'ddd') {
            const word = /^[\p{L}\p{M}]+\.?/u.exec(source.slice(at));
            if (!word) fail(`a day of the week is expected at position ${at + 1}`);
            at += word[0].length;
        } else if (name === 'A' || name === 'a') {
            const half = /^(am|pm)/i.exec(source.slice(at));
            if (!half) fail(`AM or PM is expected at position ${at + 1}`);
            found.afternoon = half[0].toLowerCase() === 'pm';
            at += 2;
        } else {
            const offset = /^(Z|[+-]\d{2}(:?\d{2})?)/i.exec(source.slice(at));
            if (!offset) fail(`an offset such as +02:00 is expected at position ${at + 1}`);
            found.offset = dates.offsetMs(offset[0]);
            at += offset[0].length;
        }
    };

    let from = 0;
    for (const match of pattern.matchAll(TOKENS)) {
        literal(pattern.slice(from, match.index));
        if (match[1] !== undefined) literal(match[1]);
        else token(match[0]);
        from = match.index + match[0].length;
    }
    literal(pattern.slice(from));
    if (at < source.length) fail(`nothing more is expected at position ${at + 1}`);

    // Two-digit years: 70 to 99 belong to the last century.
    if (found.year === undefined && found.shortYear !== undefined) {
        found.year = found.shortYear + (found.shortYear < 70 ? 2000 : 1900);
    }
    if (found.year === undefined) fail('the pattern has no year');
    if (found.hour12 !== undefined) {
        if (found.hour12 < 1 || found.hour12 > 12) fail('the hour is not between 1 and 12');
        found.hour = found.hour12 % 12 + (found.afternoon ? 12 : 0);
    }
    const { year, month = 1, day = 1, hour = 0, minute = 0, second = 0, ms = 0 } = found;
    const wall = { year, month, day, hour, minute, second, ms };
    if (!dates.isReal(wall)) fail('there is no such date');
    const time = found.offset === undefined ? zones.instant(wall, zone) : zones.asUtc(wall) - found.offset;
    return dates.checkRange(context, time);
}

module.exports = { write, read, checkLocale };
