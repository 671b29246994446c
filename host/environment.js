/** What modifiers may ask about the flow, and the address of the component's webhook. */

'use strict';

function webhookUrl(run, { inPortName, correlationId } = {}) {

    const { apiUrl = '', flowId, componentId, input } = run.given;
    const url = `${apiUrl.replace(/\/+$/, '')}/flows/${flowId}/components/${componentId}`;
    const isMessage = input?.kind === 'port';
    const port = inPortName ?? (isMessage ? input.port : undefined);
    const correlation = correlationId ?? (isMessage ? run.given.correlationId : undefined);
    const query = [];
    if (correlation) query.push(`correlationId=${encodeURIComponent(correlation)}`);
    if (correlation && port) query.push(`correlationInPort=${encodeURIComponent(port)}`);
    return query.length ? `${url}?${query.join('&')}` : url;
}

function environment(run) {

    const { flowId, flowName, userId, customFields = {} } = run.given;
    return { flowId, flowName, userId, customFields, webhookUrl: () => webhookUrl(run) };
}

module.exports = { environment, webhookUrl };
