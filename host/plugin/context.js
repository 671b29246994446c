/** The `context` that `plugin.js` gets. It differs from components' in more than its members: `log` begins with a level. */

'use strict';

const { guarded } = require('../guarded');
const { CancelError, plain } = require('../errors');
const { shared } = require('../context/state');
const database = require('./database');
const { HttpError } = require('./http-error');
const { PUBLIC_USER_ID, userOf } = require('./user');

const AT_ONCE = 10;

/** Does `operation` with every item, a few at a time, and gives the results in order. */
async function mapArray(items, operation, { concurrency = AT_ONCE } = {}) {

    const results = [];
    const queue = [...items ?? []].entries();
    const lane = async () => {
        for (const [at, item] of queue) results[at] = await operation(item, at);
    };
    await Promise.all(Array.from({ length: Math.max(1, Number(concurrency) || 1) }, lane));
    return results;
}

function stringify(err) {

    if (!(err instanceof Error)) return typeof err === 'string' ? err : JSON.stringify(plain(err));
    return JSON.stringify(plain({ name: err.name, message: err.message, ...err }));
}

/** A line for the server's log; it never fails. */
const log = plugin => async (level, message, data) => {
    const text = message instanceof Error ? message.message : message;
    const args = { level: String(level), message: plain(text) ?? '', data: plain(data) ?? null };
    await plugin.call('log', args).catch(err => plugin.warn(`a line was not logged: ${err.message}`));
};

/** Sends a payload to the components that listen for an event. */
const triggerListeners = plugin => async ({ eventName, payload, filter } = {}) => {
    const listeners = await plugin.ask('listeners.list', { event: String(eventName) }) ?? [];
    const chosen = filter ? listeners.filter(listener => filter(listener)) : listeners;
    const targets = chosen.map(({ flowId, componentId }) => ({ flowId, componentId }));
    return plugin.ask('listeners.fire', { event: String(eventName), targets, payload: payload ?? null });
};

const trigger = plugin => async (flowId, componentId, data, query, { method = 'POST', hostname, headers } = {}) =>
    plugin.ask('trigger', {
        flowId: String(flowId),
        componentId: String(componentId),
        data: data ?? null,
        query: query ?? {},
        method: String(method).toUpperCase(),
        hostname: hostname ?? '',
        headers: headers ?? {}
    });

function createContext(plugin) {

    const { lock } = require('../context/lock')(plugin);
    const jobLock = (name, options) => lock(name, { ...options, maxRetryCount: 0 }).catch(err => {
        throw err.code === 'LOCKED' ? new Error('locked') : err;
    });
    const router = guarded('context.http.router', {
        register: route => plugin.route(route),
        getPluginEndpoint: path => `${plugin.prefix}/${String(path ?? '').replace(/^\//, '')}`
    });
    return guarded('context', {
        http: guarded('context.http', {
            router,
            auth: guarded('context.http.auth', { getUser: async request => userOf(request) }),
            HttpError,
            get Joi() { return require('joi'); }
        }),
        get config() { return plugin.given.config ?? {}; },
        get httpRequest() { return require('axios'); },
        appmixerApiUrl: plugin.given.apiUrl,
        constants: guarded('context.constants', { PUBLIC_USER_ID }),
        CancelError,
        log: log(plugin),
        lock,
        job: guarded('context.job', { lock: jobLock }),
        scheduleJob: async (name, schedule, operation) => plugin.job(name, schedule, operation),
        service: shared(plugin, 'service'),
        db: database(plugin),
        triggerComponent: trigger(plugin),
        onListenerAdded: operation => { plugin.onListener.push(operation); },
        triggerListeners: triggerListeners(plugin),
        utils: guarded('context.utils', {
            Error: guarded('context.utils.Error', { stringify }),
            P: guarded('context.utils.P', { mapArray })
        })
    });
}

module.exports = { createContext };
