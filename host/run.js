/** One invocation while it runs: what it has asked for and not yet got, and whether it may still send. */

'use strict';

/** The run that made a promise: tells whose failure it is when nobody handles it. */
const owners = new WeakMap();

class Run {

    /** `invocation` is the server's; `server` takes the calls; `warn` gets lines for the server's log. */
    constructor({ id, invocation, manifest, server, warn }) {

        this.id = id;
        this.type = invocation.type;
        this.given = invocation.context;
        this.manifest = manifest;
        this.server = server;
        this.warn = text => warn(`${this.type}: ${text}`);
        this.limit = this.given.limits?.messageBytes ?? Infinity;
        this.isOpen = true;
        this.pending = new Set();
        this.lost = [];
        /** Of a static call: what it has sent, by port. */
        this.collected = this.given.staticCall ? {} : null;
    }

    call(name, args = {}) {

        return this.server.call(this.id, name, args, this.limit);
    }

    /** Begins something that the invocation does not end without. */
    begin(operation) {

        const promise = operation().finally(() => this.pending.delete(promise));
        this.pending.add(promise);
        // No handler here: where the component has none either, `traps` finds out.
        owners.set(promise, this);
        return promise;
    }

    /** Begins a call. */
    ask(name, args) {

        return this.begin(() => this.call(name, args));
    }

    /** Begins something that sends; after the method's end it is dropped. */
    send(what, operation) {

        if (this.isOpen) return this.begin(operation);
        this.warn(`${what} after the method has ended is dropped`);
        return Promise.resolve(null);
    }

    /** Waits for what was begun and not awaited, and throws what of it went wrong. */
    async settle() {

        this.isOpen = false;
        while (this.pending.size) {
            const outcomes = await Promise.allSettled([...this.pending]);
            const failed = outcomes.find(outcome => outcome.status === 'rejected');
            if (failed) throw failed.reason;
        }
        // By then, `traps` knows of everything that went wrong before.
        await new Promise(resolve => setImmediate(resolve));
        if (this.lost.length) throw this.lost[0];
    }

    /** Stops sending; what still runs is left alone. */
    close() {

        this.isOpen = false;
    }
}

module.exports = { Run, owners };
