'use strict';

/** The free plan allows 60 calls a minute for each key. */
module.exports = {

    rules: [
        { limit: 60, window: 60000, throttling: 'window-sliding', queueing: 'fifo', resource: 'requests', scope: 'userId' }
    ]
};
