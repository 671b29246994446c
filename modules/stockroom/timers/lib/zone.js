'use strict';

/**
 * Wall clocks of time zones, from the zone data that comes with Node (Intl).
 * A wall time is `{ year, month, day, hour, minute, second, ms }` with month 1 to 12.
 */

const formatters = new Map();

function formatter(zone) {

    if (!formatters.has(zone)) {
        formatters.set(zone, new Intl.DateTimeFormat('en-US', {
            timeZone: zone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23',
            year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric'
        }));
    }
    return formatters.get(zone);
}

/** The zone as given, `UTC` when empty; an unknown one fails the message for good. */
function check(context, zone) {

    const name = String(zone ?? '').trim() || 'UTC';
    try {
        formatter(name);
    } catch {
        throw new context.CancelError(`"${name.slice(0, 60)}" is not a time zone. Use a name such as Europe/Prague.`);
    }
    return name;
}

/** Milliseconds since 1970 of a wall time read as if it were UTC. */
function asUtc({ year, month, day, hour = 0, minute = 0, second = 0, ms = 0 }) {

    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    date.setUTCHours(hour, minute, second, ms);
    return date.getTime();
}

/** What the clocks of the zone show at an instant. */
function wall(time, zone) {

    const parts = {};
    for (const { type, value } of formatter(zone).formatToParts(time)) {
        if (type !== 'literal') parts[type] = Number(value);
    }
    return {
        year: parts.year, month: parts.month, day: parts.day,
        hour: parts.hour, minute: parts.minute, second: parts.second, ms: ((time % 1000) + 1000) % 1000
    };
}

/** How far the zone is ahead of UTC at an instant, in milliseconds. */
const offset = (time, zone) => asUtc(wall(time, zone)) - time;

/**
 * The instant at which the clocks show a wall time. A time that occurs twice means the
 * first; a time that is skipped moves forward by the length of the gap.
 */
function instant(wallTime, zone) {

    const utc = asUtc(wallTime);
    const before = offset(utc - 86400000, zone);
    const after = offset(utc + 86400000, zone);
    const fits = [utc - before, utc - after].filter(time => time + offset(time, zone) === utc);
    return fits.length ? Math.min(...fits) : utc - before;
}

/** `+02:00` */
function offsetText(time, zone) {

    const minutes = Math.round(offset(time, zone) / 60000);
    const size = Math.abs(minutes);
    const two = n => String(n).padStart(2, '0');
    return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

module.exports = { check, wall, asUtc, offset, instant, offsetText };
