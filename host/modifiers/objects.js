/** Objects, paths into them, and their text. */

'use strict';

const { JSONPath } = require('jsonpath-plus');
const jsonata = require('jsonata');
const lodash = require('lodash');

module.exports = {
    /** Nothing, the one value that is found, or a list of several. */
    g_jsonPath: (value, [path]) => {
        const text = String(path);
        const full = text.startsWith('$') ? text : `${text.startsWith('[') ? '$' : '$.'}${text}`;
        const found = JSONPath({ path: full, json: value, wrap: true, eval: 'safe' });
        return found.length > 1 ? found : found[0];
    },
    g_jsonata: (value, [expression]) => {
        const result = jsonata(expression).evaluate(value);
        return result === undefined ? undefined : JSON.parse(JSON.stringify(result));
    },
    g_stringify: (value, params, hash) => {
        const space = hash.space ?? params[0];
        return JSON.stringify(value, null, /^\d+$/.test(space) ? Number(space) : space);
    },
    g_pick: (value, paths) => lodash.pick(value, paths.flatMap(path => typeof path === 'string' ? path.split(/\s*,\s*/) : path)),
    g_set: (value, [path, item]) => lodash.set(lodash.cloneDeep(value ?? {}), path, item),
    g_keys: value => Object.keys(value),
    g_values: value => Object.values(value),
    g_toPairs: value => Object.entries(value)
};
