'use strict';

const client = require('../../lib/client');

/** Headers that belong to the connection or are set by the engine. */
const RESERVED = ['connection', 'content-length', 'keep-alive', 'transfer-encoding', 'upgrade', 'trailer', 'te'];

module.exports = {

    async receive(context) {

        const { status = 200, body = {} } = context.messages.in.content;
        if (!Number.isInteger(status) || status < 200 || status > 599) {
            throw new context.CancelError('The status must be a whole number from 200 to 599.');
        }
        const headers = client.headersOf(context, context.messages.in.content.headers);
        const reserved = RESERVED.find(name => name in headers);
        if (reserved) throw new context.CancelError(`The header "${reserved}" is set by the engine.`);

        await context.response(body, status, headers);
        await context.sendJson({ status, body }, 'out');
    }
};
