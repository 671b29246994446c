'use strict';

const api = require('../../lib/api');

module.exports = {

    async receive(context) {

        const content = context.messages.in.content;
        await context.sendJson(await api.current(context, content, content), 'out');
    }
};
