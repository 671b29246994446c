/** A plugin that stays in the process: what it has registered, and its calls, which are answered for as long as it is there. */

'use strict';

const { Run } = require('../run');

/** Whether a route wants to know who is asking. */
function authOf(auth) {

    if (auth === false) return 'none';
    if (auth === undefined || auth === null || auth === true) return 'required';
    if (typeof auth === 'string') return auth === 'public' ? 'optional' : 'required';
    const strategies = [].concat(auth.strategies ?? [], auth.strategy ?? []);
    const isOptional = strategies.includes('public') || ['try', 'optional'].includes(auth.mode);
    return isOptional ? 'optional' : 'required';
}

/** What a trial gets for its calls: a server on which nothing is kept. */
function nothing(name) {

    if (name === 'lock') return 'trial';
    if (name === 'state.load') return {};
    if (name === 'state.inc') return { before: 0, after: 0 };
    if (name === 'model.count' || name === 'model.delete') return 0;
    return /^(model\.find|core\.)/.test(name) ? [] : null;
}

class Resident extends Run {

    constructor({ id, invocation, server, warn, isTrial = false }) {

        super({ id, invocation, manifest: {}, server, warn });
        this.isTrial = isTrial;
        /** Which start of the plugin this is, as the server counts them. */
        this.start = invocation.context.start;
        this.routes = [];
        this.jobs = new Map();
        this.onListener = [];
    }

    call(name, args = {}) {

        return this.isTrial ? Promise.resolve(nothing(name)) : super.call(name, args);
    }

    /** It does not end, so nothing waits for what it has begun. */
    begin(operation) {

        return operation();
    }

    /** Where its routes are reached, without the server's address. */
    get prefix() {

        return `/plugins/${this.type.replaceAll('.', '/')}`;
    }

    route({ method, path, handler, options = {} } = {}) {

        const run = options.handler ?? handler;
        if (typeof run !== 'function') throw new TypeError(`The route ${path} has no handler.`);
        if (options.pre) throw new TypeError(`The route ${path} has prerequisites (pre), which are not supported here.`);
        const methods = [].concat(method ?? []).map(name => String(name).toUpperCase());
        if (!methods.length || typeof path !== 'string') throw new TypeError('A route needs a method and a path.');
        this.routes.push({ methods, path, handler: run, settings: options, auth: authOf(options.auth) });
    }

    job(name, schedule, operation) {

        if (typeof operation !== 'function') throw new TypeError(`The job ${name} has no function.`);
        this.jobs.set(String(name), { schedule: String(schedule), operation });
    }

    /** As the server needs to know it. */
    registered() {

        return {
            routes: this.routes.map(({ methods, path, auth }) => ({ methods, path, auth })),
            jobs: [...this.jobs].map(([name, { schedule }]) => ({ name, schedule })),
            hearsListeners: this.onListener.length > 0
        };
    }
}

module.exports = { Resident };
