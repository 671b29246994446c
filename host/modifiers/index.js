/**
 * What a placeholder's value can be put through: `(value, params, hash, env) => value`. One that throws leaves the value
 * as it was. Loops have `loop(value, each)` instead, where `each(item, index, key)` resolves their parameter.
 */

'use strict';

module.exports = {
    ...require('./flow'),
    ...require('./numbers'),
    ...require('./text'),
    ...require('./lists'),
    ...require('./objects'),
    ...require('./dates'),
    ...require('./compare'),
    ...require('./digests'),
    ...require('./javascript')
};
