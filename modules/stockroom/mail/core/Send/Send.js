'use strict';

const crypto = require('node:crypto');
const address = require('../../lib/address');
const mime = require('../../lib/mime');
const smtp = require('../../lib/smtp');

const MAX_RECIPIENTS = 100;
const MAX_ATTACHMENTS = 20;
const MAX_ATTACHMENT_BYTES = 20_000_000;

function idsOf(value) {

    const list = Array.isArray(value) ? value : String(value ?? '').split(',');
    return list.map(item => String(item?.fileId ?? item ?? '').trim()).filter(Boolean);
}

module.exports = {

    async receive(context) {

        const message = await this.compose(context, context.messages.in.content);
        let account;
        try {
            account = smtp.settings(context.auth, context.config);
        } catch (err) {
            throw new context.CancelError(err.message);
        }

        let connection;
        try {
            connection = await smtp.connect(account);
            const result = await connection.send({
                from: message.from.address, recipients: message.recipients, message: mime.build(message)
            });
            await connection.quit();
            await context.sendJson({ messageId: message.messageId, ...result }, 'out');
        } catch (err) {
            connection?.close();
            if (err instanceof smtp.SmtpError && err.permanent) throw new context.CancelError(err.message);
            throw err;
        }
    },

    /** Everything is checked before the server hears a word. */
    async compose(context, content) {

        const cancel = text => { throw new context.CancelError(text); };
        const subject = String(content.subject ?? '');
        if (/[\r\n\u0000]/.test(subject)) cancel('The subject must be one line.');
        if (subject.length > 900) cancel('The subject is longer than 900 characters.');

        const to = address.parseList(context, content.to, 'To');
        const cc = address.parseList(context, content.cc, 'Cc');
        const bcc = address.parseList(context, content.bcc, 'Bcc');
        const replyTo = address.parseList(context, content.replyTo, 'Reply to');
        const [from] = address.parseList(context, content.from || context.auth.sender, 'From');
        if (!from) cancel('There is no sender.');
        const recipients = [...new Set([...to, ...cc, ...bcc].map(item => item.address))];
        if (!recipients.length) cancel('There is no recipient.');
        if (recipients.length > MAX_RECIPIENTS) cancel(`A message can have ${MAX_RECIPIENTS} recipients at most.`);
        if (!content.text && !content.html) cancel('The message is empty: give text, HTML or both.');

        return {
            from, to, cc, replyTo, recipients, subject,
            text: content.text, html: content.html,
            attachments: await this.attachments(context, content.attachments),
            messageId: this.messageId(context, from)
        };
    },

    async attachments(context, value) {

        const ids = idsOf(value);
        if (ids.length > MAX_ATTACHMENTS) throw new context.CancelError(`At most ${MAX_ATTACHMENTS} files can be attached.`);
        const infos = [];
        for (const id of ids) infos.push(await context.getFileInfo(id));
        const total = infos.reduce((sum, info) => sum + info.length, 0);
        if (total > MAX_ATTACHMENT_BYTES) {
            throw new context.CancelError(`The attachments are larger than ${MAX_ATTACHMENT_BYTES / 1000000} MB together.`);
        }
        const files = [];
        for (const [i, info] of infos.entries()) {
            files.push({ filename: info.filename, contentType: info.contentType, content: await context.loadFile(ids[i]) });
        }
        return files;
    },

    /** The same for every delivery of the same message, so that mail programs can tell repetitions. */
    messageId(context, from) {

        const seed = context.id ? `${context.flowId}:${context.componentId}:${context.id}` : crypto.randomUUID();
        const id = crypto.createHash('sha256').update(seed).digest('hex').slice(0, 32);
        return `<${id}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`;
    }
};
