'use strict';

const pause = require('../../lib/pause');
const zones = require('../../lib/zone');

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?$/;

function instantOf(context, until, timeZone) {

    const text = String(until ?? '').trim();
    const match = DATE.exec(text);
    const fail = () => { throw new context.CancelError(`"${text.slice(0, 60)}" is not a date. Use a form such as 2030-01-31T09:00.`); };
    if (!match) fail();
    const zone = zones.check(context, timeZone);
    const [year, month, day, hour, minute, second] = match.slice(1, 7).map(part => Number(part ?? 0));
    const wall = { year, month, day, hour, minute, second };
    const utc = new Date(zones.asUtc(wall));
    if (hour > 23 || minute > 59 || second > 59 || utc.getUTCMonth() + 1 !== month || utc.getUTCDate() !== day) fail();
    if (!match[7]) return zones.instant(wall, zone);
    if (match[7] === 'Z') return utc.getTime();
    const [hours, minutes] = [match[7].slice(1, 3), match[7].slice(-2)].map(Number);
    if (hours > 23 || minutes > 59) fail();
    return utc.getTime() - (match[7][0] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60000;
}

module.exports = {

    async receive(context) {

        if (context.messages.timeout) return pause.resume(context, context.messages.timeout.content);

        const { until, timeZone, ifPast = 'continue' } = context.messages.in.content;
        const time = instantOf(context, until, timeZone);
        const now = Date.now();
        if (time > now) return pause.hold(context, time, now);
        if (ifPast === 'late') {
            return context.sendJson({ arrived: new Date(now).toISOString(), until: new Date(time).toISOString() }, 'late');
        }
        await pause.release(context, now);
    }
};
