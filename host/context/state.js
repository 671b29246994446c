/** State of the component, of the flow and of the service. */

'use strict';

const { guarded } = require('../guarded');

/** The calls on one document. */
function stateful(run, of) {

    const ask = (name, args) => {
        if (run.collected && of === 'component') throw new Error('A static call has no state.');
        return run.ask(`state.${name}`, { of, ...args });
    };
    return {
        load: async () => {
            const document = await ask('load') ?? {};
            if (of !== 'service') return document;
            return Object.entries(document).map(([key, value]) => ({ key, value }));
        },
        save: async value => ask('save', { value: value ?? {} }),
        get: async key => await ask('get', { key }) || null,
        set: async (key, value) => ask('set', { key, value: value ?? null }),
        unset: async key => ask('unset', { key }),
        clear: async () => ask('clear'),
        inc: async (key, by = 1, returnOriginal = false) => {
            const { before, after } = await ask('inc', { key, by: by ?? 1 });
            return returnOriginal ? before : after;
        },
        addToSet: async (key, value) => ask('addToSet', { key, value }),
        removeFromSet: async (key, value) => ask('removeFromSet', { key, value })
    };
}

/** What components call on `context.flow` and `context.service`. */
function shared(run, of) {

    const { load, get, set, unset, clear, inc, addToSet, removeFromSet } = stateful(run, of);
    return guarded(`context.${of}`, {
        loadState: load, stateGet: get, stateSet: set, stateUnset: unset, stateClear: clear,
        stateInc: inc, stateAddToSet: addToSet, stateRemoveFromSet: removeFromSet
    });
}

/** The parts of the context that are about a state. */
function states(run) {

    const own = stateful(run, 'component');
    let state = run.given.state ?? {};
    return {
        get state() { return state; },
        /** Only an assignment saves. */
        set state(value) {
            state = value ?? {};
            own.save(state);
        },
        loadState: own.load,
        saveState: own.save,
        stateGet: own.get,
        stateSet: own.set,
        stateUnset: own.unset,
        stateClear: own.clear,
        stateInc: own.inc,
        stateAddToSet: own.addToSet,
        stateRemoveFromSet: own.removeFromSet,
        flow: shared(run, 'flow'),
        service: shared(run, 'service')
    };
}

module.exports = Object.assign(states, { shared });
