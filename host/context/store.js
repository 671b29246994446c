/** Data stores. */

'use strict';

const { Readable } = require('node:stream');
const { guarded } = require('../guarded');

const PAGE = 100;

/** Goes through a store's items, page by page, in the manner of a MongoDB cursor. */
function cursor(run, storeId, query) {

    let skipped = 0;
    let left = Infinity;
    let order = null;
    let at = 0;
    let page = [];
    let isLast = false;

    const fill = async () => {
        if (page.length || isLast || left <= 0) return;
        const limit = Math.min(PAGE, left);
        page = await run.ask('store.page', { storeId, query: query ?? null, sort: order, offset: skipped + at, limit });
        at += page.length;
        isLast = page.length < limit;
    };

    const self = {
        limit: count => { left = count || Infinity; return self; },
        skip: count => { skipped = count; return self; },
        sort: by => { order = by; return self; },
        hasNext: async () => {
            await fill();
            return page.length > 0;
        },
        next: async () => {
            await fill();
            if (!page.length) return null;
            left--;
            return page.shift();
        },
        toArray: async () => {
            const items = [];
            for await (const item of self) items.push(item);
            return items;
        },
        forEach: async operation => {
            for await (const item of self) await operation(item);
        },
        stream: () => Readable.from(self),
        close: async () => { isLast = true; page = []; },
        async* [Symbol.asyncIterator]() {
            while (await self.hasNext()) yield await self.next();
        }
    };
    return self;
}

module.exports = run => {

    const ask = async (name, args) => run.ask(`store.${name}`, args);
    return {
        store: guarded('context.store', {
            get: (storeId, key) => ask('get', { storeId, key }),
            set: (storeId, key, value) => ask('set', { storeId, key, value: value ?? null }),
            remove: (storeId, key) => ask('remove', { storeId, key }),
            clear: storeId => ask('clear', { storeId }),
            find: (storeId, query) => ask('find', { storeId, query: query ?? null }),
            listStores: () => ask('list', {}),
            getCursor: (storeId, query) => cursor(run, storeId, query),
            registerWebhook: (storeId, events = ['insert', 'update', 'delete']) => ask('registerWebhook', { storeId, events }),
            unregisterWebhook: storeId => ask('unregisterWebhook', { storeId })
        })
    };
};
