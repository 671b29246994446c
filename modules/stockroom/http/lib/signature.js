'use strict';

const crypto = require('node:crypto');

const ALGORITHMS = { sha256: 32, sha512: 64, sha1: 20 };
const MAX_AGE_SECONDS = 300;

/**
 * The text that the sender signed. The engine hands the body over parsed, so JSON is
 * written again without white space, which is how nearly all senders write it; where the
 * engine also gives the bytes as they came (`rawBody`), those are used.
 */
function signedBody({ rawBody, data }) {

    if (rawBody !== undefined && rawBody !== null) return Buffer.from(rawBody);
    if (data === undefined || data === null) return Buffer.alloc(0);
    return Buffer.from(typeof data === 'string' ? data : JSON.stringify(data));
}

/** A signature in hexadecimal or Base64, with or without a prefix such as `sha256=`. */
function bytesOf(text, length) {

    const bare = text.trim().replace(/^(sha1|sha256|sha512|v0|v1)=/i, '');
    if (new RegExp(`^[0-9a-f]{${length * 2}}$`, 'i').test(bare)) return Buffer.from(bare, 'hex');
    if (/^[A-Za-z0-9+/_-]+={0,2}$/.test(bare)) {
        const bytes = Buffer.from(bare, 'base64');
        if (bytes.length === length) return bytes;
    }
    return null;
}

/** Undefined when the signature is good, otherwise the reason why it is not. */
function problem(content, { secret, signatureHeader, algorithm = 'sha256', timestampHeader }, now = Date.now()) {

    const headers = content.headers ?? {};
    const header = name => headers[Object.keys(headers).find(key => key.toLowerCase() === name.trim().toLowerCase())];
    const given = header(signatureHeader || 'x-hub-signature-256');
    if (typeof given !== 'string' || !given) return 'The signature is missing.';

    let signed = signedBody(content);
    if (timestampHeader) {
        const timestamp = header(timestampHeader);
        if (typeof timestamp !== 'string' || !/^\d{1,16}$/.test(timestamp)) return 'The timestamp is missing.';
        const seconds = timestamp.length > 11 ? Number(timestamp) / 1000 : Number(timestamp);
        if (Math.abs(now / 1000 - seconds) > MAX_AGE_SECONDS) return 'The timestamp is too far from the present.';
        signed = Buffer.concat([Buffer.from(`${timestamp}.`), signed]);
    }
    const expected = crypto.createHmac(algorithm, secret).update(signed).digest();
    const actual = bytesOf(given, ALGORITHMS[algorithm]);
    return actual && crypto.timingSafeEqual(actual, expected) ? undefined : 'The signature is wrong.';
}

module.exports = { problem, ALGORITHMS };
