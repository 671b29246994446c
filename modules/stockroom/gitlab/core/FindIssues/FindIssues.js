'use strict';

const api = require('../../lib/api');

module.exports = {

    async receive(context) {

        const { projectId, search, state = 'opened', labels, limit = 100 } = context.messages.in.content;
        const wanted = api.names(labels).join(',');
        const { items, more } = await api.list(context, `${api.project(context, projectId)}/issues`, {
            scope: 'all', order_by: 'created_at', sort: 'desc',
            ...(state === 'all' ? {} : { state }),
            ...(search ? { search } : {}),
            ...(wanted ? { labels: wanted } : {})
        }, Math.min(Math.max(limit, 1), 1000));
        await context.sendJson({ issues: items.map(api.issue), count: items.length, truncated: more }, 'out');
    }
};
