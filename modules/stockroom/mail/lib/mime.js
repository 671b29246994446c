'use strict';

/** Messages after RFC 5322 and MIME. Everything outside ASCII is encoded, so any server can carry them. */

const crypto = require('node:crypto');
const path = require('node:path');

const TYPES = {
    csv: 'text/csv', gif: 'image/gif', htm: 'text/html', html: 'text/html', ics: 'text/calendar', jpeg: 'image/jpeg', jpg: 'image/jpeg',
    json: 'application/json', pdf: 'application/pdf', png: 'image/png', svg: 'image/svg+xml', txt: 'text/plain', xml: 'application/xml',
    zip: 'application/zip', docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
};
const MIME_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/i;

const isAscii = text => /^[\x20-\x7e]*$/.test(text);

/** Encoded words (RFC 2047), cut between characters and short enough to fit behind the name of a header. */
function encodeWords(text) {

    const words = [];
    let part = '';
    for (const char of text) {
        if (Buffer.byteLength(part + char) > 42) {
            words.push(part);
            part = '';
        }
        part += char;
    }
    words.push(part);
    return words.map(word => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`).join('\r\n ');
}

/** Folds a header at spaces, so that lines stay within 78 characters where they can. */
function fold(line) {

    if (line.length <= 78 || line.includes('\r\n')) return line;
    const lines = [];
    let current = '';
    for (const word of line.split(' ')) {
        if (current && current.length + 1 + word.length > 76) {
            lines.push(current);
            current = word;
        } else {
            current = current ? `${current} ${word}` : word;
        }
    }
    lines.push(current);
    return lines.join('\r\n ');
}

function header(name, value) {

    const line = `${name}: ${value}`;
    // The last guard against a header that would begin another one.
    if (/\r\n(?![ \t])|\r(?!\n)|(?<!\r)\n|\u0000/.test(line)) throw new Error(`The header ${name} has a line break.`);
    return fold(line);
}

/** Subjects and the like: encoded when not ASCII, too long for a line, or looking encoded already. */
function unstructured(name, text) {

    const plain = isAscii(text) && !text.includes('=?') && text.split(' ').every(word => word.length < 70);
    return header(name, plain ? text : encodeWords(text));
}

function mailbox({ name, address }) {

    if (!name) return address;
    if (!isAscii(name) || name.includes('=?')) return `${encodeWords(name)}\r\n <${address}>`;
    return /^[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+$/.test(name) ? `${name} <${address}>` : `"${name.replace(/["\\]/g, '\\$&')}" <${address}>`;
}

function addresses(name, list) {

    return `${name}: ${list.map(mailbox).join(',\r\n ')}`;
}

/** Base64 in lines of 76 characters. */
const base64 = bytes => Buffer.from(bytes).toString('base64').replace(/.{76}(?=.)/g, '$&\r\n');

const textPart = (type, text) => [
    `Content-Type: text/${type}; charset=utf-8`,
    'Content-Transfer-Encoding: base64',
    '',
    base64(text.replace(/\r\n|\r|\n/g, '\r\n'))
].join('\r\n');

/** A file name in quotes for old programs and percent-encoded for the others (RFC 2231). */
function attachmentPart({ filename, contentType, content }) {

    const name = path.basename(String(filename || 'file').replace(/[\u0000-\u001f\u007f]/g, '').replace(/\\/g, '/')).slice(0, 150) || 'file';
    const ascii = name.normalize('NFKD').replace(/[^\x20-\x7e]/g, '').replace(/["\\]/g, '_') || 'file';
    const encoded = encodeURIComponent(name.toWellFormed ? name.toWellFormed() : name).replace(/['()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
    const known = TYPES[path.extname(name).slice(1).toLowerCase()];
    const type = MIME_TYPE.test(contentType ?? '') ? contentType : known ?? 'application/octet-stream';
    const extended = encoded === name ? '' : `;\r\n filename*=UTF-8''${encoded}`;
    return [
        `Content-Type: ${type}`,
        'Content-Transfer-Encoding: base64',
        `Content-Disposition: attachment;\r\n filename="${ascii}"${extended}`,
        '',
        base64(content)
    ].join('\r\n');
}

function multipart(kind, parts) {

    if (parts.length === 1) return parts[0];
    const boundary = `=_${crypto.randomBytes(18).toString('hex')}`;
    return [
        `Content-Type: multipart/${kind};\r\n boundary="${boundary}"`,
        '',
        ...parts.flatMap(part => [`--${boundary}`, part]),
        `--${boundary}--`,
        ''
    ].join('\r\n');
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function dateText(date) {

    const two = n => String(n).padStart(2, '0');
    return `${DAYS[date.getUTCDay()]}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()} `
        + `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

/** The whole message with CRLF line ends. Blind copies are no part of it. */
function build({ from, to, cc, replyTo, subject, text, html, attachments, messageId, date = new Date() }) {

    const lines = [
        header('Date', dateText(date)),
        addresses('From', [from]),
        ...(to.length ? [addresses('To', to)] : []),
        ...(cc.length ? [addresses('Cc', cc)] : []),
        ...(replyTo.length ? [addresses('Reply-To', replyTo)] : []),
        unstructured('Subject', subject),
        header('Message-ID', messageId),
        'MIME-Version: 1.0'
    ];
    const bodies = [];
    if (text || !html) bodies.push(textPart('plain', text ?? ''));
    if (html) bodies.push(textPart('html', html));
    const body = multipart('mixed', [multipart('alternative', bodies), ...attachments.map(attachmentPart)]);
    return `${lines.join('\r\n')}\r\n${body}`;
}

module.exports = { build };
