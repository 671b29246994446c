/** Values that come from the flow, the clock or chance: what they are applied to does not matter. */

'use strict';

const crypto = require('node:crypto');

module.exports = {
    g_uuid4: () => crypto.randomUUID(),
    g_random: () => Math.random(),
    g_pi: () => Math.PI,
    g_now: () => new Date().toISOString(),
    /** In seconds. */
    g_timestamp: () => Math.floor(Date.now() / 1000),
    g_flowId: (value, params, hash, env) => env.flowId,
    g_flowName: (value, params, hash, env) => env.flowName,
    g_userId: (value, params, hash, env) => env.userId,
    g_webhookUrl: (value, params, hash, env) => env.webhookUrl(),
    g_customFields: (value, params, hash, env) => env.customFields
};
