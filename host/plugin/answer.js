/** Runs the handler of a route, and makes an answer out of what it gives or throws. */

'use strict';

const { httpError } = require('./http-error');
const { isResponse, toolkit } = require('./toolkit');
const { requestOf } = require('./request');
const { UnsupportedError } = require('../errors');

/** What goes to the server: status, headers, and the body as text or Base64. */
function encoded(status, headers, source, limit) {

    const named = name => Object.keys(headers).some(other => other.toLowerCase() === name);
    const typed = type => named('content-type') ? headers : { ...headers, 'content-type': type };
    if (source === undefined || source === null) return { status, headers, body: null };
    if (typeof source?.pipe === 'function') throw new UnsupportedError('A stream as an answer');
    if (Buffer.isBuffer(source) || source instanceof Uint8Array) {
        const body = Buffer.from(source).toString('base64');
        return { status, headers: typed('application/octet-stream'), body, encoding: 'base64' };
    }
    const isText = typeof source === 'string';
    const body = isText ? source : JSON.stringify(source);
    if (body !== undefined && Buffer.byteLength(body) > limit) throw httpError(500, 'The answer is too big.');
    return { status, headers: typed(isText ? 'text/html; charset=utf-8' : 'application/json'), body: body ?? null };
}

function given(value, limit) {

    if (value instanceof Error) throw value;
    if (isResponse(value)) {
        const { source, statusCode, headers } = value;
        return encoded(statusCode ?? (source === null || source === undefined ? 204 : 200), headers, source, limit);
    }
    return encoded(value === null || value === undefined ? 204 : 200, {}, value, limit);
}

/** The failure as a caller gets it; what the handler has not meant for them goes to the log, too. */
function refused(plugin, route, err) {

    const { statusCode, payload, headers } = err?.isBoom ? err.output : httpError(err?.code === 'NOT_SUPPORTED' ? 501 : 500,
        `The plugin ${plugin.type} failed: ${err?.message ?? err}`).output;
    if (statusCode >= 500) plugin.warn(`${route.methods} ${route.path}: ${err?.stack ?? err}`);
    return { status: statusCode, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(payload) };
}

async function answer(plugin, route, asked) {

    try {
        const request = await requestOf(route, asked);
        return given(await route.handler(request, toolkit()), plugin.limit);
    } catch (err) {
        return refused(plugin, route, err);
    }
}

module.exports = { answer };
