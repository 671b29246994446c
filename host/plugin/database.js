/** `context.db`: collections of documents that are the plugin's own, and a look at what the server itself keeps. */

'use strict';

const { guarded } = require('../guarded');
const { UnsupportedError } = require('../errors');
const { decode, modelOf, plainQuery } = require('./model');
const { queryBuilder } = require('./query-builder');

/** What a search gives: its documents at once or one by one. */
function cursor(search) {

    const options = {};
    const made = {
        limit: limit => { options.limit = limit; return made; },
        skip: skip => { options.skip = skip; return made; },
        sort: (sort, direction) => { options.sort = typeof sort === 'string' ? { [sort]: direction ?? 1 } : sort; return made; },
        project: () => made,
        toArray: () => search(options),
        forEach: async operation => { for (const item of await search(options)) await operation(item); },
        async* [Symbol.asyncIterator]() { yield* await search(options); }
    };
    return guarded('the cursor', made);
}

/** A collection of the plugin's own, as documents. */
function collection(plugin, name) {

    const ask = (verb, args) => plugin.ask(`model.${verb}`, { collection: String(name), ...args });
    const search = (query, options) => ask('find', { query: plainQuery(query), ...options }).then(found => found.map(decode));
    return guarded('context.db.collection', {
        find: query => cursor(options => search(query, options)),
        findOne: async query => (await search(query, { limit: 1 }))[0] ?? null,
        countDocuments: async query => ask('count', { query: plainQuery(query) }),
        deleteOne: async query => ({ deletedCount: await ask('delete', { query: plainQuery(query), limit: 1 }) }),
        deleteMany: async query => ({ deletedCount: await ask('delete', { query: plainQuery(query) }) }),
        createIndex: async () => null
    });
}

/** What the server keeps itself, to look at: flows by their id, and the state of the plugin's own service. */
function coreCollection(plugin, name) {

    const known = { flows: 'core.flows', serviceState: 'core.state' };
    const call = known[name];
    const missing = () => { throw new UnsupportedError(`context.db.coreCollection("${name}")`); };
    const search = call
        ? (query, options) => plugin.ask(call, { query: plainQuery(query), ...options })
        : missing;
    return guarded(`context.db.coreCollection("${name}")`, {
        find: query => cursor(options => search(query, options)),
        findOne: async query => (await search(query, { limit: 1 }))[0] ?? null,
        // Collections of older engines are looked for by this, and are not here.
        countDocuments: async query => call ? (await search(query, {})).length : 0
    });
}

module.exports = plugin => guarded('context.db', {
    Model: modelOf(plugin),
    collection: name => collection(plugin, name),
    coreCollection: name => coreCollection(plugin, String(name)),
    queryBuilder
});
