/** Compares a list with what it was before. */

'use strict';

const lodash = require('lodash');

/**
 * `before` is the `newState` of the last time. Gives `{ changes, newState }`; a change is `{ state, item }`, where `state` is
 * `new`, `changed` or `removed`, and `oldItem` with `includeOldData`. Only what `mappingFunction` leaves of an item is compared.
 */
function checkListForChanges(list, before, key, { mappingFunction = item => item, includeOldData = false } = {}) {

    const known = new Map((before ?? []).map(entry => [entry.id, entry]));
    const newState = [];
    const changes = [];
    for (const item of list ?? []) {
        const id = lodash.get(item, key);
        const old = known.get(id);
        // What is kept has been JSON, where undefined vanishes.
        const observed = JSON.parse(JSON.stringify(mappingFunction(item)));
        newState.push(includeOldData ? { id, observed, item } : { id, observed });
        known.delete(id);
        if (!old) changes.push({ state: 'new', item });
        else if (!lodash.isEqual(old.observed, observed)) {
            changes.push(includeOldData ? { state: 'changed', item, oldItem: old.item } : { state: 'changed', item });
        }
    }
    for (const { item, observed } of known.values()) changes.push({ state: 'removed', item: item ?? observed });
    return { changes, newState };
}

module.exports = { checkListForChanges };
