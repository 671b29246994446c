/** Plugins of the module: each is run once a process, and what it has registered is run when the server asks for it. */

'use strict';

const path = require('node:path');
const { createContext } = require('./context');
const { Resident } = require('./resident');
const { answer } = require('./answer');
const { HostError } = require('../errors');
const loader = require('../loader');

/** How long a trial waits, in milliseconds: what takes longer waits for something that this machine may not have now. */
const TRIAL = 20000;

/** Errors of a network. A trial says nothing of them: what is not there now may be there later. */
const OF_NETWORKS = new Set([
    'ECONNREFUSED', 'ECONNRESET', 'EAI_AGAIN', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE',
    'ERR_NETWORK', 'ECONNABORTED'
]);

/** By folder, what was run here. */
const plugins = new Map();

/** Runs `plugin.js`; gives what it has registered. */
async function run(plugin, { root, folder }) {

    const main = loader.requireFrom(root)(path.join(root, folder, 'plugin.js'));
    if (typeof main !== 'function') throw new TypeError(`${folder}/plugin.js exports no function.`);
    await main(createContext(plugin));
    return plugin.registered();
}

async function boot(id, invocation, server, warn) {

    const plugin = new Resident({ id, invocation, server, warn });
    const registered = await run(plugin, invocation);
    plugins.set(invocation.folder, plugin);
    return registered;
}

const isOfNetworks = err => OF_NETWORKS.has(err?.code) || Boolean(err?.isAxiosError)
    || [].concat(err?.errors ?? [], err?.cause ?? []).some(isOfNetworks);

/** Runs `plugin.js` with nothing behind it, to see whether it can be run. */
async function attempt(id, invocation, server, warn) {

    const plugin = new Resident({ id, invocation, server, warn, isTrial: true });
    const late = new Promise(resolve => setTimeout(resolve, TRIAL).unref());
    try {
        await Promise.race([run(plugin, invocation), late]);
    } catch (err) {
        if (!isOfNetworks(err)) throw err;
        plugin.warn(`in its trial: ${err.message}`);
    }
    return null;
}

/** The plugin that the server means: the one of this start of it. */
function meant({ folder, context }) {

    const plugin = plugins.get(folder);
    if (plugin && plugin.start === context.start) {
        plugin.given.config = context.config ?? plugin.given.config;
        return plugin;
    }
    throw new HostError('missing', 'The plugin does not run here.', { code: 'PLUGIN_NOT_RUNNING' });
}

const METHODS = {
    plugin: boot,
    trial: attempt,
    route: async (id, invocation, server) => {
        const plugin = meant(invocation);
        const { route, request } = invocation.context;
        return answer(plugin, plugin.routes[route], request, (name, args) => server.call(id, name, args));
    },
    job: async (id, invocation) => {
        await meant(invocation).jobs.get(invocation.context.job)?.operation();
        return null;
    },
    /** Gives the listener as the plugin wants it; a throw refuses it. */
    listener: async (id, invocation) => {
        const plugin = meant(invocation);
        const { listener } = invocation.context;
        for (const operation of plugin.onListener) await operation(listener);
        return { params: listener.params ?? null };
    },
    ping: async () => null
};

/** Whether a method is one of plugins. */
const has = method => Object.hasOwn(METHODS, method);

const invoke = (id, invocation, server, warn) => METHODS[invocation.method](id, invocation, server, warn);

module.exports = { has, invoke };
