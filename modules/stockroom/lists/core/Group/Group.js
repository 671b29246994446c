'use strict';

const { listOf, reader, canonical } = require('../../lib/input');

module.exports = {

    async receive(context) {

        const { list, field } = context.messages.in.content;
        if (!field) throw new context.CancelError('The field to group by is missing.');
        const read = reader(context, field);
        const groups = new Map();
        for (const item of listOf(context, list)) {
            const key = read(item) ?? null;
            const id = canonical(key);
            if (!groups.has(id)) groups.set(id, { key, count: 0, items: [] });
            const group = groups.get(id);
            group.items.push(item);
            group.count++;
        }
        await context.sendJson({ groups: [...groups.values()], count: groups.size }, 'out');
    }
};
