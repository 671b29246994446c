'use strict';

const evaluate = require('../../lib/expression');

module.exports = {

    async receive(context) {

        if (evaluate(context, context.messages.in.content)) {
            await context.sendJson({ result: true }, 'out');
        }
    }
};
