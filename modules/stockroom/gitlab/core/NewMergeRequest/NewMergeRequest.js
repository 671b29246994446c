'use strict';

const api = require('../../lib/api');
const watch = require('../../lib/watch');

module.exports = {

    start(context) {

        api.project(context, context.properties.projectId);
    },

    async tick(context) {

        const { projectId, targetBranch } = context.properties;
        const branch = String(targetBranch ?? '').trim();
        await watch(context, {
            path: `${api.project(context, projectId)}/merge_requests`,
            params: { scope: 'all', state: 'all', ...(branch ? { target_branch: branch } : {}) },
            key: `${projectId} ${branch}`,
            convert: api.mergeRequest
        });
    }
};
