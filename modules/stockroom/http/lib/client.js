'use strict';

/**
 * Requests with limits: hosts that the administrator allows, a time-out, a size, and
 * redirects that are followed here so that each hop is checked like the first address.
 */

const MAX_REDIRECTS = 5;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Failures that may pass by themselves; all other answers of 400 and above will not. */
const MAY_PASS = new Set([408, 421, 423, 425, 429]);

function objectOf(context, value, what) {

    let object = value;
    if (value === undefined || value === null || value === '') return {};
    if (typeof value === 'string') {
        try {
            object = JSON.parse(value);
        } catch {
            throw new context.CancelError(`${what} must be a JSON object.`);
        }
    }
    if (object === null || typeof object !== 'object' || Array.isArray(object)) {
        throw new context.CancelError(`${what} must be a JSON object.`);
    }
    return object;
}

/** Header names in lower case; names and values that could break out of a header are refused. */
function headersOf(context, value) {

    const headers = {};
    for (const [name, content] of Object.entries(objectOf(context, value, 'The headers'))) {
        if (!TOKEN.test(name)) throw new context.CancelError(`"${name.slice(0, 40)}" cannot be the name of a header.`);
        const text = Array.isArray(content) ? content.join(', ') : String(content ?? '');
        if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text)) {
            throw new context.CancelError(`The value of the header "${name}" has a line break or a control character.`);
        }
        headers[name.toLowerCase()] = text;
    }
    return headers;
}

function urlOf(context, address, base) {

    let url;
    try {
        url = new URL(String(address).trim(), base);
    } catch {
        throw new context.CancelError('The URL is not valid. It must begin with http:// or https://.');
    }
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
        throw new context.CancelError('Only http:// and https:// addresses can be called.');
    }
    return url;
}

function checkHost(context, url) {

    const allowed = String(context.config?.allowedHosts ?? '').split(',').map(host => host.trim().toLowerCase()).filter(Boolean);
    if (!allowed.length) return;
    const host = url.hostname.toLowerCase().replace(/\.$/, '');
    const fits = allowed.some(rule => rule.startsWith('*.') ? host.endsWith(rule.slice(1)) : host === rule);
    if (!fits) throw new context.CancelError(`The administrator does not allow requests to ${host}.`);
}

/** Adds parameters to a URL; a list gives a parameter several times. */
function addQuery(context, url, query) {

    for (const [name, value] of Object.entries(objectOf(context, query, 'The query'))) {
        for (const item of Array.isArray(value) ? value : [value]) {
            if (item === undefined || item === null) continue;
            url.searchParams.append(name, typeof item === 'object' ? JSON.stringify(item) : String(item));
        }
    }
}

async function once(context, url, { method, headers, body, timeout, maxBytes }) {

    try {
        return await context.httpRequest({
            url: url.href,
            method,
            headers,
            data: body,
            timeout,
            signal: AbortSignal.timeout(timeout),
            responseType: 'arraybuffer',
            maxRedirects: 0,
            maxContentLength: maxBytes,
            maxBodyLength: maxBytes,
            validateStatus: () => true
        });
    } catch (err) {
        // The message of the cause may hold the whole URL with its secrets, so it is not passed on.
        if (/maxContentLength/.test(err.message)) {
            throw new context.CancelError(`The answer of ${url.host} is larger than ${maxBytes} bytes.`);
        }
        const slow = ['ECONNABORTED', 'ETIMEDOUT', 'ERR_CANCELED'].includes(err.code) || err.name === 'TimeoutError';
        throw new Error(slow
            ? `${url.host} did not answer within ${Math.round(timeout / 1000)} seconds.`
            : `The request to ${url.host} failed${err.code ? ` (${err.code})` : ''}.`);
    }
}

/** `{ status, headers, bytes, url }` of the last answer. */
async function send(context, { url: address, query, method = 'GET', headers = {}, body, timeoutSeconds = 30, maxBytes, followRedirects = true }) {

    const url = urlOf(context, address);
    addQuery(context, url, query);
    const timeout = Math.min(Math.max(Number(timeoutSeconds) || 30, 1), 300) * 1000;
    let request = { method, headers: headersOf(context, headers), body, timeout, maxBytes };
    let current = url;

    for (let hop = 0; ; hop++) {
        checkHost(context, current);
        const response = await once(context, current, request);
        const location = response.headers.location;
        if (!followRedirects || !location || ![301, 302, 303, 307, 308].includes(response.status)) {
            const bytes = Buffer.from(response.data ?? '');
            return { status: response.status, headers: { ...response.headers }, bytes, url: current.href };
        }
        if (hop === MAX_REDIRECTS) throw new context.CancelError(`${url.host} redirects more than ${MAX_REDIRECTS} times.`);
        const next = urlOf(context, location, current);
        request = redirected(request, response.status, current.origin !== next.origin);
        current = next;
    }
}

function redirected(request, status, otherOrigin) {

    const headers = { ...request.headers };
    if (otherOrigin) {
        for (const name of ['authorization', 'cookie', 'proxy-authorization']) delete headers[name];
    }
    const toGet = status === 303 ? request.method !== 'HEAD' : [301, 302].includes(status) && request.method === 'POST';
    if (!toGet) return { ...request, headers };
    for (const name of Object.keys(headers)) if (name.startsWith('content-')) delete headers[name];
    return { ...request, headers, method: 'GET', body: undefined };
}

/** Throws for an error status: for good, or so that the message is tried again when that may help. */
function checkStatus(context, { status, url }) {

    if (status < 400) return;
    const message = `${new URL(url).host} answered with status ${status}.`;
    if (status >= 500 || MAY_PASS.has(status)) throw new Error(message);
    throw new context.CancelError(message);
}

/** JSON as data, text as text, anything else as Base64. */
function decode({ bytes, headers }) {

    if (!bytes.length) return null;
    const type = String(headers['content-type'] ?? '').toLowerCase();
    const charset = /charset="?([\w.:-]{1,40})/.exec(type)?.[1] ?? 'utf-8';
    const mime = type.split(';')[0].trim();
    const isJson = mime === 'application/json' || mime.endsWith('+json');
    const isText = isJson || mime === '' || mime.startsWith('text/') || mime.endsWith('+xml')
        || ['application/xml', 'application/javascript', 'application/x-www-form-urlencoded', 'application/x-ndjson'].includes(mime);
    if (!isText) return bytes.toString('base64');
    let text;
    try {
        text = new TextDecoder(charset).decode(bytes);
    } catch {
        text = bytes.toString('utf8');
    }
    if (!isJson) return text;
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}

module.exports = { send, checkStatus, decode, objectOf, headersOf };
