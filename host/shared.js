/** Parts of the context that invocations have in common: the server tells them once. */

'use strict';

const told = new Map();

/** What the server has told: its text, and what it says. Whoever hands it to a component hands a copy. */
class Part {

    constructor(text) {

        this.text = text;
        this.texts = new Map();
        this.ports = new Map();
    }

    get value() {

        return this.read ??= JSON.parse(this.text);
    }

    copy() {

        return JSON.parse(this.text);
    }

    /** A copy of one field. */
    copyOf(field) {

        if (!this.texts.has(field)) this.texts.set(field, JSON.stringify(this.value[field]));
        const text = this.texts.get(field);
        return text === undefined ? undefined : JSON.parse(text);
    }

    /** Of a flow: the output ports of a component that are connected to something. */
    connected(componentId) {

        if (!this.ports.has(componentId)) {
            const senders = Object.values(this.value).flatMap(node => Object.values(node?.source ?? {}));
            this.ports.set(componentId, new Set(senders.flatMap(sender => sender?.[componentId] ?? [])));
        }
        return this.ports.get(componentId);
    }
}

function learn({ number, text }) {

    told.set(number, new Part(text));
}

function forget() {

    told.clear();
}

/** Completes the context of an invocation, in which numbers stand for what it shares with others. */
function complete({ context, shared = {} }) {

    const flow = told.get(shared.flow);
    const manifest = told.get(shared.manifest);
    if (manifest) context.manifest = manifest.value;
    if (!flow) return;
    context.node ??= flow.copyOf(context.componentId);
    context.connected = flow.connected(context.componentId);
    let copy;
    Object.defineProperty(context, 'flow', { get: () => copy ??= flow.copy() });
}

module.exports = { complete, forget, learn };
