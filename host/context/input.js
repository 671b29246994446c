/** What has arrived: `messages`, `signal` and `scope`. */

'use strict';

const { environment } = require('../environment');
const { ruleOf, scopeOf, transform } = require('../transform');
const { portContent } = require('../validate');

const HEAD = { contentType: 'application/json', contentEncoding: 'utf8', headers: {} };

/** The messages of a static call: a content for each port. */
function staticMessages(run) {

    const messages = {};
    for (const [port, content] of Object.entries(run.given.staticCall.messages ?? {})) {
        const { correlationId } = run.given;
        messages[port] = { content: portContent(run.manifest, port, content), originalContent: content, scope: {}, correlationId, ...HEAD };
    }
    return { messages, scope: {} };
}

function arrived(run) {

    const { input, node, componentId, correlationId } = run.given;
    if (run.given.staticCall) return staticMessages(run);
    if (!input) return { messages: {}, scope: {} };
    const { kind, port, content, timeoutId } = input;
    const scope = kind === 'port' ? scopeOf(input, componentId) : { ...input.scope };
    if (kind === 'signal') return { messages: {}, scope, signal: { content } };
    const message = { content, originalContent: content, scope, correlationId, ...HEAD };
    if (timeoutId !== undefined) message.timeoutId = timeoutId;
    if (kind !== 'port') return { messages: { [kind]: message }, scope };
    message.content = portContent(run.manifest, port, transform(ruleOf(node, input), content, scope, environment(run)));
    return { messages: { [port]: message }, scope };
}

module.exports = run => {

    const { messages, scope, signal } = arrived(run);
    run.scope = scope;
    return { messages, scope, signal };
};
