'use strict';

/** gitlab.com allows 2,000 API calls a minute for each user; half of it leaves room for other programs. */
module.exports = {

    rules: [
        { limit: 1000, window: 60000, throttling: 'window-sliding', queueing: 'fifo', resource: 'requests', scope: 'userId' }
    ]
};
