/** Objects whose missing members say so. */

'use strict';

const { UnsupportedError } = require('./errors');

/** What JavaScript itself and tools look for on any object. */
const ASKED_BY_ALL = new Set(['then', 'toJSON', 'inspect', 'constructor', 'prototype', 'asymmetricMatch', 'nodeType', '$$typeof']);

/** `name` is how the object is called in the error. */
function guarded(name, members) {

    return new Proxy(members, {
        get(target, member, receiver) {

            if (typeof member === 'string' && !(member in target) && !ASKED_BY_ALL.has(member)) {
                throw new UnsupportedError(`${name}.${member}`);
            }
            return Reflect.get(target, member, receiver);
        }
    });
}

module.exports = { guarded };
