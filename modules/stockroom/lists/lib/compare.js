'use strict';

/**
 * The comparisons that people choose from a list. Flows carry much of their data as text,
 * so two values that both look like numbers are compared as numbers, two that both look
 * like ISO dates as dates, and everything else as text.
 */

const regex = require('./regex');

const ISO_DATE = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i;

const isObject = value => value !== null && typeof value === 'object';

function toText(value) {

    if (value === undefined || value === null) return '';
    return isObject(value) ? JSON.stringify(value) : String(value);
}

/** The number that a value is or spells, or NaN. Empty text is not 0. */
function toNumber(value) {

    if (typeof value === 'number') return value;
    if (typeof value !== 'string' || value.length > 400) return NaN;
    const text = value.trim();
    return NUMBER.test(text) ? Number(text) : NaN;
}

function toTime(value) {

    if (typeof value !== 'string' || !ISO_DATE.test(value.trim())) return NaN;
    return Date.parse(value.trim().replace(' ', 'T'));
}

function isEmpty(value) {

    if (value === undefined || value === null) return true;
    if (typeof value === 'string') return value.trim() === '';
    if (Array.isArray(value)) return value.length === 0;
    return isObject(value) && Object.keys(value).length === 0;
}

const isTrue = value => value === true || ['true', 'yes', 'on', '1'].includes(toText(value).trim().toLowerCase());
const isFalse = value => value === false || ['false', 'no', 'off', '0'].includes(toText(value).trim().toLowerCase());

/** Negative, 0 or positive; NaN when the two have no order. */
function order(left, right, fold) {

    for (const convert of [toNumber, toTime]) {
        const a = convert(left);
        const b = convert(right);
        if (!Number.isNaN(a) && !Number.isNaN(b)) return a - b;
    }
    if (isEmpty(left) || isEmpty(right)) return isEmpty(left) && isEmpty(right) ? 0 : NaN;
    const a = fold(toText(left));
    const b = fold(toText(right));
    return a < b ? -1 : a > b ? 1 : 0;
}

function holds(left, operator, right, fold) {

    switch (operator) {
        case 'equals': return order(left, right, fold) === 0;
        case 'notEquals': return order(left, right, fold) !== 0;
        case 'greater': return order(left, right, fold) > 0;
        case 'greaterOrEqual': return order(left, right, fold) >= 0;
        case 'less': return order(left, right, fold) < 0;
        case 'lessOrEqual': return order(left, right, fold) <= 0;
        case 'contains':
            if (Array.isArray(left)) return left.some(item => order(item, right, fold) === 0);
            return fold(toText(left)).includes(fold(toText(right)));
        case 'notContains': return !holds(left, 'contains', right, fold);
        case 'startsWith': return fold(toText(left)).startsWith(fold(toText(right)));
        case 'endsWith': return fold(toText(left)).endsWith(fold(toText(right)));
        case 'oneOf': {
            const choices = Array.isArray(right) ? right : toText(right).split(',').map(choice => choice.trim());
            return choices.some(choice => order(left, choice, fold) === 0);
        }
        case 'isEmpty': return isEmpty(left);
        case 'isNotEmpty': return !isEmpty(left);
        case 'isTrue': return isTrue(left);
        case 'isFalse': return isFalse(left);
    }
    return undefined;
}

/** One boolean for each of the values on the left. */
function testAll(context, lefts, operator, right, { caseSensitive = true } = {}) {

    if (operator === 'matches') {
        return regex.testAll(context, toText(right), caseSensitive ? 'u' : 'iu', lefts.map(toText));
    }
    const fold = caseSensitive ? text => text : text => text.toLowerCase();
    const results = lefts.map(left => holds(left, operator, right, fold));
    if (results.includes(undefined) || !lefts.length && holds('', operator, '', fold) === undefined) {
        throw new context.CancelError(`There is no comparison "${operator}".`);
    }
    return results;
}

const test = (context, left, operator, right, options) => testAll(context, [left], operator, right, options)[0];

module.exports = { test, testAll, toText, toNumber, toTime, isEmpty };
