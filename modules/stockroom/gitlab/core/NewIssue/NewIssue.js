'use strict';

const api = require('../../lib/api');
const watch = require('../../lib/watch');

module.exports = {

    start(context) {

        api.project(context, context.properties.projectId);
    },

    async tick(context) {

        const { projectId, labels } = context.properties;
        const wanted = api.names(labels).join(',');
        await watch(context, {
            path: `${api.project(context, projectId)}/issues`,
            params: { scope: 'all', ...(wanted ? { labels: wanted } : {}) },
            key: `${projectId} ${wanted}`,
            convert: api.issue
        });
    }
};
