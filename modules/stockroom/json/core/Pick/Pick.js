'use strict';

const { dataOf, kind } = require('../../lib/input');
const paths = require('../../lib/path');

module.exports = {

    async receive(context) {

        const { path } = context.messages.in.content;
        const data = dataOf(context, context.messages.in.content.data, 'Data');
        const { found, value } = paths.get(data, paths.parse(context, path));
        if (found) await context.sendJson({ value, kind: kind(value) }, 'out');
        else await context.sendJson({ path }, 'missing');
    }
};
