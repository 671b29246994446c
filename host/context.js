/** The `context` that a component's method gets; each part of it has its file in `context/`. */

'use strict';

const { guarded } = require('./guarded');

const PARTS = [
    require('./context/identity'),
    require('./context/input'),
    require('./context/send'),
    require('./context/time'),
    require('./context/http'),
    require('./context/log'),
    require('./context/lock'),
    require('./context/cache'),
    require('./context/files'),
    require('./context/store'),
    require('./context/engine'),
    require('./context/helpers')
];

/** Those that have getters or setters, which an assignment would not carry over. */
const WITH_ACCESSORS = [require('./context/flow'), require('./context/state')];

function createContext(run) {

    const context = {};
    for (const part of PARTS) Object.assign(context, part(run));
    for (const part of WITH_ACCESSORS) Object.defineProperties(context, Object.getOwnPropertyDescriptors(part(run)));
    return guarded('context', context);
}

module.exports = { createContext };
