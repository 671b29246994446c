/** Data stores. */

'use strict';

const { Readable } = require('node:stream');
const { guarded } = require('../guarded');

const PAGE = 100;
/** What records have: an order by anything else is none. */
const FIELDS = ['key', 'storeId', 'value', 'createdAt', 'updatedAt'];

const orderOf = sort => {
    if (!sort || typeof sort !== 'object' || Array.isArray(sort)) return sort ?? null;
    const known = Object.entries(sort).filter(([name]) => FIELDS.includes(name.split('.')[0]));
    return known.length ? Object.fromEntries(known) : null;
};

/** Goes through a store's items, page by page, in the manner of a MongoDB cursor. */
function cursor(run, storeId, query, options) {

    let skipped = options?.skip ?? 0;
    let left = options?.limit || Infinity;
    let order = orderOf(options?.sort);
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
        sort: by => { order = orderOf(by); return self; },
        count: async () => run.ask('store.count', { storeId, query: query ?? null }),
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
        /** Through `next`, which components may have replaced by their own. */
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
            getCursor: (storeId, query, options) => cursor(run, storeId, query, options),
            registerWebhook: (storeId, events = ['insert', 'update', 'delete']) => ask('registerWebhook', { storeId, events }),
            unregisterWebhook: storeId => ask('unregisterWebhook', { storeId })
        })
    };
};
