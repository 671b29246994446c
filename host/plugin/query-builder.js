/** Makes queries out of what a route was asked with: `filter=status:done`, `sort=created:-1`, `limit`, `offset`. */

'use strict';

const { guarded } = require('../guarded');

const pairs = text => [].concat(text ?? []).flatMap(part => String(part).split(',')).filter(Boolean).map(part => {
    const at = part.indexOf(':');
    return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
});

/** A further condition, beside one on the same field. */
function addSelector(selector, field, condition) {

    if (Object.hasOwn(selector, field)) (selector.$and ??= []).push({ [field]: condition });
    else selector[field] = condition;
    return selector;
}

/** A value, or `!value`, `~part of it`. */
function conditionOf(value) {

    if (value.startsWith('!')) return { $ne: value.slice(1) };
    if (value.startsWith('~')) return { $regex: value.slice(1).replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), $options: 'i' };
    return value;
}

const whole = value => value === undefined || value === '' ? undefined : Math.max(0, Math.floor(Number(value))) || 0;

function createBase({ filter, sort, limit, offset, projection } = {}) {

    const selector = {};
    for (const [field, value] of pairs(filter)) addSelector(selector, field, conditionOf(value));
    const order = Object.fromEntries(pairs(sort).map(([field, way]) => [field, Number(way) < 0 ? -1 : 1]));
    const shown = pairs(projection).map(([field]) => field);
    return {
        selector,
        limit: whole(limit),
        offset: whole(offset),
        sort: Object.keys(order).length ? order : undefined,
        projection: shown.length ? shown : undefined
    };
}

module.exports = { queryBuilder: guarded('context.db.queryBuilder', { createBase, addSelector }) };
