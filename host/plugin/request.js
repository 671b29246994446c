/** The request as a handler gets it. */

'use strict';

const { EventEmitter } = require('node:events');
const { httpError } = require('./http-error');
const { remember } = require('./user');

/** A query or a form: what is given several times is a list. */
function fields(text) {

    const found = {};
    for (const [name, value] of new URLSearchParams(text)) {
        found[name] = Object.hasOwn(found, name) ? [].concat(found[name], value) : value;
    }
    return found;
}

function json(text) {

    try {
        return JSON.parse(text);
    } catch {
        throw httpError(400, 'The body is no JSON.');
    }
}

/** The body as the route wants it: as its type says, or as it came. */
function payloadOf(body, type, { parse = true, output } = {}) {

    if (parse === false) {
        if (output === 'stream' || output === 'file') throw httpError(501, 'Bodies as streams are not supported here.');
        return body;
    }
    if (!body.length) return null;
    const essence = String(type ?? '').split(';')[0].trim().toLowerCase();
    if (!essence || essence === 'application/json' || essence.endsWith('+json')) return json(body.toString('utf8'));
    if (essence === 'application/x-www-form-urlencoded') return fields(body.toString('utf8'));
    if (essence.startsWith('text/')) return body.toString('utf8');
    if (essence === 'application/octet-stream') return body;
    throw httpError(415, `Bodies of the type ${essence} are not taken here.`);
}

/** What a rule makes of a part of the request: a Joi schema, an object of such, or a function. */
async function checked(rule, part, value) {

    if (rule === undefined || rule === null || rule === true) return value;
    if (rule === false) {
        if (value && Object.keys(value).length) throw httpError(400, `The route takes no ${part}.`);
        return value;
    }
    try {
        if (typeof rule === 'function') return await rule(value) ?? value;
        const schema = typeof rule.validateAsync === 'function' ? rule : require('joi').object(rule);
        return await schema.validateAsync(value, { convert: true });
    } catch (err) {
        throw err.isBoom ? err : httpError(400, err.message);
    }
}

async function requestOf({ settings }, asked) {

    const { validate = {} } = settings;
    const params = await checked(validate.params, 'parameters', asked.params ?? {});
    const query = await checked(validate.query, 'query', fields(asked.query));
    const body = Buffer.from(asked.body ?? '', 'base64');
    const parsed = payloadOf(body, asked.headers['content-type'], settings.payload);
    const payload = await checked(validate.payload, 'body', parsed);
    const request = {
        method: asked.method.toLowerCase(),
        path: asked.path,
        url: new URL(`${asked.path}${asked.query ? `?${asked.query}` : ''}`, `http://${asked.hostname || 'localhost'}`),
        headers: asked.headers,
        params,
        query,
        payload,
        pre: {},
        state: {},
        app: {},
        info: { hostname: asked.hostname, host: asked.headers.host ?? asked.hostname, remoteAddress: asked.address,
            received: Date.now() },
        /** Tells that nobody waits any more: its event `close`. */
        raw: { req: new EventEmitter() },
        auth: { isAuthenticated: Boolean(asked.user), credentials: asked.user ?? {} }
    };
    remember(request, asked.user);
    return request;
}

module.exports = { requestOf };
