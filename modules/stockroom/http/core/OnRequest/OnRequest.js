'use strict';

const signature = require('../../lib/signature');

module.exports = {

    async start(context) {

        const { secret, algorithm = 'sha256' } = context.properties;
        if (secret && !Object.hasOwn(signature.ALGORITHMS, algorithm)) {
            throw new context.CancelError(`The algorithm "${algorithm}" is not supported.`);
        }
        await context.log({ step: 'waiting for requests', url: context.getWebhookUrl() });
    },

    async receive(context) {

        const content = context.messages.webhook.content;
        const { methods, answer = 'now', secret } = context.properties;

        if (Array.isArray(methods) && methods.length && !methods.includes(content.method)) {
            return context.response({ error: 'This method is not accepted.' }, 405, { allow: methods.join(', ') });
        }
        if (secret) {
            const problem = signature.problem(content, context.properties);
            if (problem) {
                await context.log({ step: 'request refused', reason: problem });
                return context.response({ error: problem }, 401);
            }
        }
        await context.sendJson({
            method: content.method,
            data: content.data ?? null,
            query: content.query ?? {},
            headers: content.headers ?? {},
            hostname: content.hostname ?? null,
            verified: Boolean(secret)
        }, 'out');
        if (answer === 'now') return context.response({ accepted: true }, 202);
    }
};
