/** Lists. */

'use strict';

const lodash = require('lodash');

/** What is no list stays as it is. */
const list = operation => (value, ...rest) => Array.isArray(value) ? operation(value, ...rest) : value;

const loop = run => ({ loop: run });

/** The items of a list or an object, each with its index and its key. */
const entries = value => Array.isArray(value)
    ? value.map((item, index) => [item, index, index])
    : Object.entries(value ?? {}).map(([key, item], index) => [item, index, key]);

const isTrue = value => Boolean(value) && value !== 'false' && value !== 'undefined' && value !== 'null';

const numbers = value => value.map(Number);

module.exports = {
    g_first: list(value => value[0]),
    g_last: list(value => value.at(-1)),
    g_nthIndex: list((value, [index]) => value.at(Number(index))),
    g_length: value => value?.length ?? 0,
    g_initial: list(value => value.slice(0, -1)),
    g_tail: list(value => value.slice(1)),
    g_reverse: list(value => [...value].reverse()),
    g_flatten: list(value => value.flat()),
    g_shuffle: list(value => lodash.shuffle(value)),
    g_deduplicate: list((value, [path]) => path ? lodash.uniqBy(value, path) : lodash.uniqWith(value, lodash.isEqual)),
    g_join: list((value, [delimiter]) => value.join(delimiter ?? ',')),
    g_sum: list(value => lodash.sum(numbers(value))),
    g_maxList: list(value => Math.max(...numbers(value))),
    g_minList: list(value => Math.min(...numbers(value))),
    g_avgList: list(value => lodash.mean(numbers(value))),
    g_each: loop((value, each) => entries(value).map(entry => {
        const text = each(...entry);
        return typeof text === 'object' ? JSON.stringify(text) : String(text);
    }).join('')),
    g_map: loop((value, each) => entries(value).map(entry => each(...entry))),
    g_filterList: loop((value, each) => entries(value).filter(entry => isTrue(each(...entry))).map(([item]) => item))
};
