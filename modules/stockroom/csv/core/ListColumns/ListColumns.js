'use strict';

const csv = require('../../lib/csv');
const { source } = require('../../lib/input');

module.exports = {

    async receive(context) {

        const text = await source(context, context.messages.in.content);
        const { character } = csv.delimiterOf(context, context.messages.in.content.delimiter, text);
        const [header = []] = csv.records(text, character);
        await context.sendJson({ columns: csv.columnNames(context, header) }, 'out');
    },

    /** For drop-down lists of the designer. */
    toOptions({ columns }) {

        return columns.map(name => ({ label: name, value: name }));
    }
};
