'use strict';

const csv = require('../../lib/csv');
const { source } = require('../../lib/input');

module.exports = {

    async receive(context) {

        const { text, fileId, delimiter } = context.messages.in.content;
        // While a flow is being drawn there may be nothing to read yet.
        if (!text && !fileId) return context.sendJson({ columns: [] }, 'out');
        const content = await source(context, { text, fileId });
        const { character } = csv.delimiterOf(context, delimiter, content);
        const [header = []] = csv.records(content, character);
        await context.sendJson({ columns: csv.columnNames(context, header) }, 'out');
    },

    /** The variables of *Parse CSV*, with the columns of its rows. */
    toOutPort({ columns }) {

        const properties = Object.fromEntries(columns.map(name => [name, { title: name }]));
        return [
            { label: 'Rows', value: 'rows', schema: { type: 'array', items: { type: 'object', properties } } },
            { label: 'Columns', value: 'columns', schema: { type: 'array' } },
            { label: 'Number of rows', value: 'count', schema: { type: 'integer' } },
            { label: 'Delimiter', value: 'delimiter', schema: { type: 'string' } },
            { label: 'More rows were left out', value: 'truncated', schema: { type: 'boolean' } }
        ];
    }
};
