/** The errors that components and the host throw, and how one goes to the server. */

'use strict';

/** Longest text of an error that leaves the worker, in characters. */
const TEXT = 20000;
/** Longest JSON of what else an error carries. */
const DETAILS = 50000;

/** Thrown by a component: trying again cannot help. */
class CancelError extends Error {

    constructor(message, error, code = 500) {

        super(message);
        this.name = 'ContextCancelError';
        this.error = error;
        this.data = error;
        this.code = code;
    }
}

/** An error whose kind is known to the server. */
class HostError extends Error {

    constructor(kind, message, { name = 'Error', code, error } = {}) {

        super(message);
        this.kind = kind;
        this.name = name;
        if (code !== undefined) this.code = code;
        if (error !== undefined) this.error = error;
    }
}

/** A member that components may know from elsewhere, but that is not here. */
class UnsupportedError extends Error {

    constructor(member) {

        super(`${member} is not supported here.`);
        this.name = 'UnsupportedError';
        this.code = 'NOT_SUPPORTED';
    }
}

function tooBig(what, bytes, limit) {

    return new HostError('tooBig', `${what} is too big: ${bytes} bytes, and at most ${limit} are allowed.`, {
        name: 'MessageTooBigError', code: 'MESSAGE_TOO_BIG'
    });
}

const cut = text => text.length > TEXT ? `${text.slice(0, TEXT)}…` : text;

/** A copy that is JSON and not too long; nothing where there is none. */
function plain(value) {

    if (value === undefined || typeof value === 'function') return undefined;
    try {
        const seen = new WeakSet();
        const json = JSON.stringify(value, (key, item) => {
            if (typeof item === 'bigint') return String(item);
            if (item instanceof Error) return { name: item.name, message: item.message, ...item };
            if (typeof item === 'object' && item !== null) {
                if (seen.has(item)) return undefined;
                seen.add(item);
            }
            return item;
        });
        if (json === undefined) return undefined;
        return json.length > DETAILS ? cut(json) : JSON.parse(json);
    } catch {
        return undefined;
    }
}

function details(err) {

    if (err.isAxiosError || err.response?.status) {
        const { status, statusText, data } = err.response ?? {};
        const { method, url } = err.config ?? {};
        return plain({ status, statusText, data: Buffer.isBuffer(data) || data?.pipe ? undefined : data, method, url });
    }
    return plain(err.error ?? err.data);
}

function kindOf(err) {

    if (err.kind && err instanceof HostError) return err.kind;
    if (err.name === 'ContextCancelError') return 'cancelled';
    if (/too ?big/i.test(err.name ?? '') || err.code === 'MESSAGE_TOO_BIG') return 'tooBig';
    return 'thrown';
}

/** With what an administrator can do, where Node.js refused what a trusted module may do. */
function advised(message, { code, permission }) {

    const startsPrograms = code === 'ERR_ACCESS_DENIED' && permission === 'ChildProcess';
    if (!startsPrograms && code !== 'ERR_DLOPEN_DISABLED') return message;
    const what = startsPrograms ? 'start programs' : 'load compiled code';
    return `${message.replace(/\.$/, '')}. Only modules that the server is told to trust may ${what} (--trust-module NAME).`;
}

/** The failure that the server gets for whatever was thrown. */
function failure(thrown) {

    const err = thrown !== null && typeof thrown === 'object' ? thrown : { message: String(thrown) };
    const message = typeof err.message === 'string' && err.message ? err.message : plain(err) ?? 'unknown error';
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    const result = { kind: kindOf(err), message: cut(advised(text, err)) };
    if (typeof err.name === 'string') result.name = cut(err.name);
    if (['string', 'number'].includes(typeof err.code)) result.code = err.code;
    if (typeof err.stack === 'string') result.stack = cut(err.stack);
    const error = details(err);
    if (error !== undefined) result.error = error;
    return result;
}

module.exports = { CancelError, HostError, UnsupportedError, failure, plain, tooBig };
