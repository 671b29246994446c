'use strict';

const client = require('../../lib/client');

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const MAX_BYTES = 10_000_000;

/** The bytes of a body and the Content-Type that goes with them. */
function encode(context, kind, body) {

    if (kind === 'none' || body === undefined || body === null) return {};
    if (kind === 'text') {
        return { type: 'text/plain; charset=utf-8', data: typeof body === 'string' ? body : JSON.stringify(body) };
    }
    if (kind === 'form') {
        const form = new URLSearchParams();
        for (const [name, value] of Object.entries(client.objectOf(context, body, 'The form'))) {
            for (const item of Array.isArray(value) ? value : [value]) {
                form.append(name, item !== null && typeof item === 'object' ? JSON.stringify(item) : String(item ?? ''));
            }
        }
        return { type: 'application/x-www-form-urlencoded', data: form.toString() };
    }
    if (kind !== 'json') throw new context.CancelError(`There is no kind of body "${kind}".`);
    if (typeof body !== 'string') return { type: 'application/json', data: JSON.stringify(body) };
    try {
        JSON.parse(body);
    } catch {
        throw new context.CancelError('The body is not valid JSON.');
    }
    return { type: 'application/json', data: body };
}

module.exports = {

    async receive(context) {

        const content = context.messages.in.content;
        const { method = 'GET', bodyType = 'none', failOnError = true } = content;
        if (!METHODS.includes(method)) throw new context.CancelError(`The method "${method}" is not supported.`);

        const { type, data } = encode(context, bodyType, content.body);
        const headers = client.headersOf(context, content.headers);
        if (type && !headers['content-type']) headers['content-type'] = type;
        if (!headers['user-agent']) headers['user-agent'] = 'Stockroom';

        const answer = await client.send(context, {
            url: content.url, query: content.query, method, headers, maxBytes: MAX_BYTES,
            body: data === undefined ? undefined : Buffer.from(data),
            timeoutSeconds: content.timeout ?? 30, followRedirects: content.followRedirects ?? true
        });
        if (failOnError) client.checkStatus(context, answer);
        await context.sendJson({
            status: answer.status, headers: answer.headers, body: client.decode(answer), url: answer.url
        }, 'out');
    }
};
