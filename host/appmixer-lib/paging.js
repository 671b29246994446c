/** Fetches page after page and puts them together. */

'use strict';

module.exports = class PagingAggregator {

    /**
     * `fetchPage(args, offset, count)` gets a page, `merge(all, page, offset, count)` adds it, and
     * `next(all, page, offset, count)` gives the next offset, or -1 at the end.
     */
    constructor(fetchPage, merge, next) {

        Object.assign(this, { fetchPage, merge, next });
    }

    /** Everything from `offset` on, `count` at a time. */
    async fetch(args, offset, count, all = []) {

        for (let at = offset; at !== -1;) {
            const page = await this.fetchPage(args, at, count);
            all = await this.merge(all, page, at, count);
            const next = await this.next(all, page, at, count);
            // The same page again would never end.
            at = next === at ? -1 : next;
        }
        return all;
    }
};
