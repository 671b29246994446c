/** Errors that nobody catches end no process: other invocations run in it. */

'use strict';

const { owners } = require('./run');

function set(warn) {

    process.on('unhandledRejection', (reason, promise) => {
        const run = owners.get(promise);
        if (run) run.lost.push(reason);
        warn(`unhandled rejection: ${reason?.stack ?? reason}`);
    });
    process.on('uncaughtException', err => warn(`uncaught error: ${err?.stack ?? err}`));
}

module.exports = { set };
