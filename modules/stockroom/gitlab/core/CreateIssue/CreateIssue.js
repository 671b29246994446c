'use strict';

const api = require('../../lib/api');

module.exports = {

    async receive(context) {

        const { projectId, title, description, labels, assigneeIds, dueDate, confidential = false } = context.messages.in.content;
        const path = api.project(context, projectId);
        const name = String(title ?? '').trim();
        if (!name || name.length > 255) throw new context.CancelError('The title must have 1 to 255 characters.');
        const people = api.names(assigneeIds);
        if (!people.every(id => /^\d+$/.test(id))) throw new context.CancelError('Assignees are given by their user IDs, which are numbers.');

        const { data } = await api.request(context, 'POST', `${path}/issues`, {
            data: {
                title: name,
                ...(description ? { description } : {}),
                ...(labels ? { labels: api.names(labels).join(',') } : {}),
                ...(people.length ? { assignee_ids: people.map(Number) } : {}),
                ...(dueDate ? { due_date: api.dueDate(context, dueDate) } : {}),
                ...(confidential ? { confidential: true } : {})
            }
        });
        await context.sendJson(api.issue(data), 'out');
    }
};
