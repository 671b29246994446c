/** Dates, as ISO 8601. */

'use strict';

const moment = require('moment-timezone');

const SPANS = ['years', 'months', 'weeks', 'days', 'hours', 'minutes', 'seconds'];

function date(value) {

    const result = moment(value);
    if (!result.isValid()) throw new TypeError(`${value} is no date`);
    return result;
}

module.exports = {
    g_addTimeSpan: (value, params, hash) => {
        const result = date(value);
        for (const unit of SPANS) {
            if (hash[unit] !== undefined && hash[unit] !== '') result.add(Number(hash[unit]), unit);
        }
        return result.toISOString();
    },
    g_formatDate: (value, params, hash) => {
        const [format = hash.format, zone = hash.timezone] = params;
        return (zone ? date(value).tz(zone) : date(value).utc()).format(format);
    },
    g_relativeTime: value => date(value).fromNow(),
    g_lessThanDate: (value, [second], { inclusive }) =>
        inclusive === true || inclusive === 'true' ? date(value) <= date(second) : date(value) < date(second),
    g_greaterThanDate: (value, [second], { inclusive }) =>
        inclusive === true || inclusive === 'true' ? date(value) >= date(second) : date(value) > date(second)
};
