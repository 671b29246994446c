/** Small helpers that need no server. */

'use strict';

const { guarded } = require('../guarded');

/** Notes an item's id in `current`, and the item in `fresh` if it was not known; the first time nothing is fresh. */
function processItem(known, current, fresh, idOf, item) {

    const id = idOf(item);
    current.push(id);
    if (known && !known.has(id)) fresh.push(item);
}

module.exports = () => ({
    utils: guarded('context.utils', { processItem }),
    /** Elsewhere this runs in a process of its own; here the component has one already. */
    execOnWorker: async (operation, args = []) => operation(...args)
});
