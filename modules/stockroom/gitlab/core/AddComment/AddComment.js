'use strict';

const api = require('../../lib/api');

module.exports = {

    async receive(context) {

        const { projectId, on = 'issues', iid, body, internal = false } = context.messages.in.content;
        if (!['issues', 'merge_requests'].includes(on)) throw new context.CancelError('A comment goes on an issue or a merge request.');
        if (!String(body ?? '').trim()) throw new context.CancelError('The comment is empty.');
        const path = `${api.project(context, projectId)}/${on}/${api.number(context, iid)}/notes`;
        const { data } = await api.request(context, 'POST', path, { data: { body, ...(internal ? { internal: true } : {}) } });
        // A comment of nothing but quick actions leaves no note behind.
        await context.sendJson({
            id: data?.id ?? null, body: data?.body ?? body, author: data?.author?.username ?? null, created: data?.created_at ?? null
        }, 'out');
    }
};
