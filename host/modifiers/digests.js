/** Digests and Base64 of text. */

'use strict';

const crypto = require('node:crypto');

const text = value => typeof value === 'object' ? JSON.stringify(value) : String(value);
const digest = algorithm => value => crypto.createHash(algorithm).update(text(value)).digest('hex');

module.exports = {
    g_md5: digest('md5'),
    g_sha1: digest('sha1'),
    g_sha256: digest('sha256'),
    g_sha512: digest('sha512'),
    g_base64: value => Buffer.from(text(value)).toString('base64')
};
