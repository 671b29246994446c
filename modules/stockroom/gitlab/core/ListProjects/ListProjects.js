'use strict';

const api = require('../../lib/api');

const MAX_PROJECTS = 500;

module.exports = {

    async receive(context) {

        const { items } = await api.list(context, '/projects', {
            membership: true, simple: true, archived: false, order_by: 'last_activity_at'
        }, MAX_PROJECTS);
        await context.sendJson({ projects: items.map(item => ({ id: item.id, name: item.path_with_namespace })) }, 'out');
    },

    /** For drop-down lists of the designer. */
    toSelectArray({ projects }) {

        return projects.map(({ id, name }) => ({ label: name, value: String(id) }));
    }
};
