'use strict';

const crypto = require('node:crypto');
const textOf = require('../../lib/input');

const HTML = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' };
const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'', nbsp: '\u00a0' };

function utf8(context, bytes) {

    try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
        throw new context.CancelError('What was decoded is not text in UTF-8.');
    }
}

function decode(context, text, encoding, pattern, name) {

    const clean = text.replace(/\s+/g, '');
    if (!pattern.test(clean)) throw new context.CancelError(`The text is not ${name}.`);
    return utf8(context, Buffer.from(clean, encoding));
}

function unescapeHtml(text) {

    return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi, (all, decimal, hex, name) => {
        if (name) return NAMED[name.toLowerCase()] ?? all;
        const code = decimal ? Number(decimal) : parseInt(hex, 16);
        return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : all;
    });
}

module.exports = {

    async receive(context) {

        const { method } = context.messages.in.content;
        const text = textOf(context, context.messages.in.content.text);
        const hash = () => crypto.createHash(method).update(text).digest('hex');
        const url = convert => {
            try {
                return convert(text);
            } catch {
                throw new context.CancelError('The text cannot be coded for URLs: it has half characters or broken % signs.');
            }
        };
        const methods = {
            base64: () => Buffer.from(text).toString('base64'),
            base64url: () => Buffer.from(text).toString('base64url'),
            fromBase64: () => decode(context, text, 'base64', /^[A-Za-z0-9+/_-]*={0,2}$/, 'Base64'),
            hex: () => Buffer.from(text).toString('hex'),
            fromHex: () => decode(context, text, 'hex', /^([0-9a-f]{2})*$/i, 'hexadecimal'),
            url: () => url(encodeURIComponent),
            fromUrl: () => url(part => decodeURIComponent(part.replace(/\+/g, ' '))),
            html: () => text.replace(/[&<>"']/g, char => HTML[char]),
            fromHtml: () => unescapeHtml(text),
            md5: hash,
            sha1: hash,
            sha256: hash,
            sha512: hash
        };
        if (!Object.hasOwn(methods, method)) throw new context.CancelError(`There is no method "${method}".`);
        await context.sendJson({ text: methods[method]() }, 'out');
    }
};
