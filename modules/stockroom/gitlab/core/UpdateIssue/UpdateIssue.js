'use strict';

const api = require('../../lib/api');

module.exports = {

    async receive(context) {

        const { projectId, iid, title, description, addLabels, removeLabels, dueDate, state = 'keep' } = context.messages.in.content;
        const path = `${api.project(context, projectId)}/issues/${api.number(context, iid)}`;
        const changes = {
            ...(title ? { title } : {}),
            ...(description ? { description } : {}),
            ...(addLabels ? { add_labels: api.names(addLabels).join(',') } : {}),
            ...(removeLabels ? { remove_labels: api.names(removeLabels).join(',') } : {}),
            ...(dueDate ? { due_date: api.dueDate(context, dueDate) } : {}),
            ...(state === 'close' || state === 'reopen' ? { state_event: state } : {})
        };
        if (!Object.keys(changes).length) throw new context.CancelError('Nothing to change: all fields are empty.');
        const { data } = await api.request(context, 'PUT', path, { data: changes });
        await context.sendJson(api.issue(data), 'out');
    }
};
