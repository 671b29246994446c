/** Who and where the component is, and how it is configured. */

'use strict';

const lodash = require('lodash');
const { CancelError } = require('../errors');
const { resolveAll } = require('../transform');
const { properties } = require('../validate');
const { environment } = require('../environment');

/** Properties with defaults; what does not fit the schema is told, but hinders nobody. */
function propertiesOf(run) {

    const { node = {} } = run.given;
    const { properties: given = {}, modifiers } = node.config ?? {};
    const resolved = modifiers && lodash.isPlainObject(given)
        ? resolveAll(given, modifiers, { $: {} }, environment(run)) : given;
    const { value, errors, text, broken } = properties(run.manifest, resolved ?? {});
    if (broken) run.warn(`the schema of the properties is broken: ${broken}`);
    if (errors.length) run.warn(`GRID_ERR_VAL_PROPERTIES: ${text}`);
    return value ?? {};
}

module.exports = run => {

    const { given } = run;
    const config = given.config ?? {};
    const profileInfo = given.profileInfo ?? {};
    const account = given.auth ?? {};
    return {
        CancelError,
        // Some components know both by these names.
        ContextCancelError: CancelError,
        type: run.type,
        id: given.id,
        componentId: given.componentId,
        componentType: run.type,
        flowId: given.flowId,
        flowInfo: { flowId: given.flowId, flowName: given.flowName },
        userId: given.userId,
        userInfo: { userId: given.userId },
        runId: given.runId,
        correlationId: given.correlationId,
        customFields: given.customFields ?? {},
        appmixerApiUrl: given.apiUrl,
        gridInstanceId: given.gridInstanceId ?? 'stockroom',
        config,
        profileInfo,
        auth: Object.keys(account).length ? { ...config, ...account, profileInfo } : { ...config },
        properties: propertiesOf(run)
    };
};
