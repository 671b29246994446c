/** Values that may vanish: a cache of the flow. */

'use strict';

const { guarded } = require('../guarded');

module.exports = run => ({
    staticCache: guarded('context.staticCache', {
        get: async key => run.ask('cache.get', { key }),
        set: async (key, value, ttl) => run.ask('cache.set', { key, value: value ?? null, ttl: ttl ?? null }),
        remove: async key => run.ask('cache.remove', { key })
    })
});
