/** Runs the handler of a route, and makes an answer out of what it gives or throws. */

'use strict';

const { httpError } = require('./http-error');
const { isResponse, toolkit } = require('./toolkit');
const { requestOf } = require('./request');

/** How often it is asked whether somebody still reads, in milliseconds. */
const LOOK = 10000;

/** What goes to the server: status, headers, and the body as text or Base64. */
function encoded(status, headers, source, limit) {

    const named = name => Object.keys(headers).some(other => other.toLowerCase() === name);
    const typed = type => named('content-type') ? headers : { ...headers, 'content-type': type };
    if (source === undefined || source === null) return { status, headers, body: null };
    if (Buffer.isBuffer(source) || source instanceof Uint8Array) {
        const body = Buffer.from(source).toString('base64');
        return { status, headers: typed('application/octet-stream'), body, encoding: 'base64' };
    }
    const isText = typeof source === 'string';
    const body = isText ? source : JSON.stringify(source);
    if (body !== undefined && Buffer.byteLength(body) > limit) throw httpError(500, 'The answer is too big.');
    return { status, headers: typed(isText ? 'text/html; charset=utf-8' : 'application/json'), body: body ?? null };
}

/** Sends what a stream gives for as long as somebody reads it. */
async function streamed(source, status, headers, ask) {

    const close = () => source.destroy();
    const look = setInterval(() => ask('answer.part', { bytes: '' }).catch(close), LOOK);
    try {
        await ask('answer.begin', { status, headers });
        for await (const chunk of source) await ask('answer.part', { bytes: Buffer.from(chunk).toString('base64') });
    } finally {
        clearInterval(look);
        close();
    }
}

/** The value of a handler as an answer. */
async function given(value, plugin, ask) {

    if (value instanceof Error) throw value;
    const { source, statusCode, headers } = isResponse(value) ? value : { source: value, headers: {} };
    const status = statusCode ?? (source === null || source === undefined ? 204 : 200);
    if (typeof source?.pipe !== 'function') return encoded(status, headers, source, plugin.limit);
    // What went out cannot be taken back.
    await streamed(source, status, headers, ask).catch(err => plugin.warn(`an answer was cut short: ${err.message}`));
    return { status, headers, body: null };
}

/** The failure as a caller gets it; what the handler has not meant for them goes to the log, too. */
function refused(plugin, route, err) {

    const { statusCode, payload, headers } = err?.isBoom ? err.output : httpError(err?.code === 'NOT_SUPPORTED' ? 501 : 500,
        `The plugin ${plugin.type} failed: ${err?.message ?? err}`).output;
    if (statusCode >= 500) plugin.warn(`${route.methods} ${route.path}: ${err?.stack ?? err}`);
    return { status: statusCode, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(payload) };
}

/** `ask` makes a call of this request. */
async function answer(plugin, route, asked, ask) {

    let request;
    try {
        request = await requestOf(route, asked);
        return await given(await route.handler(request, toolkit()), plugin, ask);
    } catch (err) {
        return refused(plugin, route, err);
    } finally {
        request?.raw.req.emit('close');
    }
}

module.exports = { answer };
