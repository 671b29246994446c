'use strict';

const compare = require('./compare');

const MAX_DEPTH = 10;

/**
 * Evaluates what the expression editor gives: `{ OR: [{ AND: [{ input, operator, value }] }] }`.
 * Groups may be nested either way round; a bare list is joined with AND.
 */
function evaluate(context, node, options, depth = 0) {

    if (depth > MAX_DEPTH) throw new context.CancelError('The condition is nested too deeply.');
    const group = (items, method) => {
        if (!Array.isArray(items) || !items.length) throw new context.CancelError('A group of the condition is empty.');
        return items[method](item => evaluate(context, item, options, depth + 1));
    };
    if (Array.isArray(node)) return group(node, 'every');
    if (node && typeof node === 'object') {
        if ('AND' in node) return group(node.AND, 'every');
        if ('OR' in node) return group(node.OR, 'some');
        if (node.operator) return compare.test(context, node.input, node.operator, node.value, options);
    }
    throw new context.CancelError('The condition is incomplete: a comparison is missing.');
}

module.exports = (context, { expression, caseSensitive = true }) => evaluate(context, expression, { caseSensitive });
