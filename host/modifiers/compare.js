/** Questions that are answered with true or false, and what depends on one. */

'use strict';

const lodash = require('lodash');

/** A number where it is one, else the value. */
function comparable(value) {

    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    return Number.isNaN(number) ? value : number;
}

const isInclusive = hash => hash.inclusive === true || hash.inclusive === 'true';

module.exports = {
    g_equals: (value, [second]) => lodash.isEqual(comparable(value), comparable(second)),
    g_not: value => !value || value === 'false',
    g_greaterThan: (value, [second], hash) => {
        const [a, b] = [comparable(value), comparable(second)];
        return isInclusive(hash) ? a >= b : a > b;
    },
    g_lessThan: (value, [second], hash) => {
        const [a, b] = [comparable(value), comparable(second)];
        return isInclusive(hash) ? a <= b : a < b;
    },
    g_condition: (value, [yes, no]) => value && value !== 'false' ? yes : no
};
