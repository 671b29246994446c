'use strict';

const compare = require('../../lib/compare');

const PORTS = ['case1', 'case2', 'case3', 'case4', 'case5'];

module.exports = {

    async receive(context) {

        const { value = null, operator = 'equals', caseSensitive = true, ...cases } = context.messages.in.content;
        const port = PORTS.find(name => {
            const expected = cases[name];
            if (expected === undefined || expected === null || expected === '') return false;
            return compare.test(context, value, operator, expected, { caseSensitive });
        });
        if (port) await context.sendJson({ value, matched: cases[port] }, port);
        else await context.sendJson({ value }, 'else');
    }
};
