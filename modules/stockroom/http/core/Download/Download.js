'use strict';

const crypto = require('node:crypto');
const client = require('../../lib/client');

/** `filename*=UTF-8''…` before `filename="…"`, after RFC 6266. */
function fromDisposition(header) {

    const extended = /filename\*\s*=\s*utf-8''([^;\s]{1,600})/i.exec(header ?? '');
    if (extended) {
        try {
            return decodeURIComponent(extended[1]);
        } catch {
            return undefined;
        }
    }
    const plain = /filename\s*=\s*(?:"([^"]{1,200})"|([^;\s]{1,200}))/i.exec(header ?? '');
    return plain?.[1] ?? plain?.[2];
}

function fromUrl(url) {

    const last = new URL(url).pathname.split('/').pop();
    try {
        return decodeURIComponent(last);
    } catch {
        return last;
    }
}

/** A name without folders or control characters. */
const clean = name => String(name ?? '').replace(/^.*[/\\]/, '').replace(/[\u0000-\u001f\u007f]/g, '').slice(0, 200).replace(/^\.+$/, '');

module.exports = {

    async receive(context) {

        const { url, headers, filename, maxMegabytes = 25, timeout = 120 } = context.messages.in.content;
        const maxBytes = Math.floor(Math.min(Math.max(Number(maxMegabytes) || 25, 0.001), 100) * 1_000_000);

        const answer = await client.send(context, {
            url, headers: { 'user-agent': 'Stockroom', ...client.headersOf(context, headers) }, maxBytes, timeoutSeconds: timeout
        });
        client.checkStatus(context, answer);

        const name = clean(filename) || clean(fromDisposition(answer.headers['content-disposition'])) || clean(fromUrl(answer.url)) || 'download';
        const file = await context.saveFileStream(name, answer.bytes);
        await context.sendJson({
            fileId: file.fileId,
            filename: name,
            contentType: String(answer.headers['content-type'] ?? 'application/octet-stream'),
            size: answer.bytes.length,
            sha256: crypto.createHash('sha256').update(answer.bytes).digest('hex')
        }, 'out');
    }
};
