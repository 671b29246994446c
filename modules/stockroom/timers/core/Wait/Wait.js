'use strict';

const pause = require('../../lib/pause');

const UNITS = { minutes: 60000, hours: 3600000, days: 86400000, weeks: 604800000 };
const LONGEST_MS = 3660 * 86400000;

module.exports = {

    async receive(context) {

        if (context.messages.timeout) return pause.resume(context, context.messages.timeout.content);

        const { amount, unit = 'minutes' } = context.messages.in.content;
        if (!UNITS[unit]) throw new context.CancelError(`"${unit}" is not a unit. Use minutes, hours, days or weeks.`);
        const ms = Number(amount) * UNITS[unit];
        if (!(ms >= 0)) throw new context.CancelError('The time to wait must be a number that is not negative.');
        if (ms > LONGEST_MS) throw new context.CancelError('The time to wait is longer than ten years.');

        const now = Date.now();
        if (ms === 0) return pause.release(context, now);
        await pause.hold(context, now + ms, now);
    }
};
