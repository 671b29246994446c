/** Messages, signals and answers that leave the component. */

'use strict';

const { webhookUrl } = require('../environment');
const { CancelError, plain } = require('../errors');

const SENDS_AT_ONCE = 5;
const SENDS_AT_ONCE_AT_MOST = 20;

/** Does `operation` with every item, a few at a time; what goes wrong ends it. */
async function each(items, concurrency, operation) {

    const queue = [...items].values();
    const lane = async () => {
        for (const item of queue) await operation(item);
    };
    const lanes = Math.max(1, Math.min(Number(concurrency) || SENDS_AT_ONCE, SENDS_AT_ONCE_AT_MOST));
    await Promise.all(Array.from({ length: lanes }, lane));
}

module.exports = run => {

    const ports = (run.manifest.outPorts ?? []).map(port => typeof port === 'string' ? port : port?.name);

    const post = async (content, port, options) => {
        if (!ports.includes(port)) {
            throw new CancelError(`${run.type} has no output port "${port}": it has ${ports.join(', ') || 'none'}.`);
        }
        if (run.collected) {
            (run.collected[port] ??= []).push(content === undefined ? null : content);
            return null;
        }
        // What goes nowhere need not go as far as the server.
        if (run.given.connected && !run.given.connected.has(port)) return null;
        const args = { port, content: content ?? null, scope: options?.scope ?? run.scope };
        if (options?.correlationId) args.correlationId = options.correlationId;
        return run.call('send', args);
    };

    const sendJson = (content, port, options) =>
        run.send('sendJson', () => post(content, port, options));

    return {
        sendJson,
        /** Content that is no JSON is not told apart: buffers go as text. */
        send: (content, port, type, options) =>
            sendJson(Buffer.isBuffer(content) ? content.toString('utf8') : content, port, options),
        sendArray: (items, port, options) =>
            run.send('sendArray', () => each(items ?? [], options?.concurrency, item => post(item, port, options))),
        sendSignal: content => run.send('sendSignal', () => run.call('sendSignal', { content })),
        sendError: err => {
            const content = { message: err?.message ?? String(err), name: err?.name, code: err?.code };
            if (ports.includes('err')) return sendJson(content, 'err');
            return run.ask('log', { level: 'error', content: plain(content) }).catch(() => null);
        },
        response: (body = {}, status = 200, headers = {}, correlationId = run.given.correlationId) => {
            // Whoever calls statically waits for what is sent.
            if (run.collected) return Promise.resolve(null);
            const args = { status, headers: headers ?? {}, correlationId };
            if (Buffer.isBuffer(body) || body instanceof Uint8Array) {
                Object.assign(args, { body: Buffer.from(body).toString('base64'), encoding: 'base64' });
            } else {
                args.body = body;
            }
            return run.ask('response', args);
        },
        getWebhookUrl: options => webhookUrl(run, options)
    };
};
