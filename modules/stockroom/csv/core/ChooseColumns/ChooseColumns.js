'use strict';

const { rowsOf, names, cell } = require('../../lib/input');

module.exports = {

    async receive(context) {

        const { columns, missing = 'empty' } = context.messages.in.content;
        const rows = rowsOf(context, context.messages.in.content.rows);
        const chosen = names(columns).map(item => {
            const [from, to] = item.split('>').map(name => name.trim());
            return { from, to: to || from };
        });
        if (!chosen.length || chosen.some(({ from }) => !from)) throw new context.CancelError('Name at least one column.');
        const targets = new Set(chosen.map(({ to }) => to));
        if (targets.size < chosen.length) throw new context.CancelError('Two columns would have the same name.');
        if (missing === 'fail') {
            const unknown = chosen.find(({ from }) => rows.length && !rows.some(row => cell(row, from) !== undefined));
            if (unknown) throw new context.CancelError(`No row has a column "${unknown.from}".`);
        }
        const result = rows.map(row => Object.fromEntries(chosen.map(({ from, to }) => [to, cell(row, from) ?? ''])));
        await context.sendJson({ rows: result, columns: [...targets], count: result.length }, 'out');
    }
};
