'use strict';

const evaluate = require('../../lib/expression');

module.exports = {

    async receive(context) {

        const result = evaluate(context, context.messages.in.content);
        await context.sendJson({ result }, result ? 'true' : 'false');
    }
};
