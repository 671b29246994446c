'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const modifiers = require('../modifiers');

/** `[name, value, params, hash, expected]` */
const CASES = [
    ['jsonPath', { a: [{ b: 1 }, { b: 2 }] }, ['a[*].b'], {}, [1, 2]],
    ['jsonPath', { a: [{ b: 1 }] }, ['a[0].b'], {}, 1],
    ['jsonPath', [{ b: 1 }], ['[0].b'], {}, 1],
    ['jsonPath', {}, ['a'], {}, undefined],
    ['first', [1, 2], [], {}, 1], ['first', 'text', [], {}, 'text'], ['last', [1, 2], [], {}, 2],
    ['length', [1, 2], [], {}, 2], ['length', 'abc', [], {}, 3], ['length', undefined, [], {}, 0], ['length', 5, [], {}, 0],
    ['addTimeSpan', '2024-02-28T00:00:00Z', [], { days: '2', hours: 1 }, '2024-03-01T01:00:00.000Z'],
    ['javascript', 4, ['$variable * 2'], {}, 8],
    ['javascript', 4, ['const x = $variable + 1; return { x };'], {}, { x: 5 }],
    ['javascript', [1, 2], ['list => list.map(n => n + 1)'], {}, [2, 3]],
    ['javascript', [3], ['function (v) { return v[0]; }'], {}, 3],
    ['javascript', 1, ['undefined'], {}, undefined],
    ['javascript', 1, ['typeof process + typeof require + typeof globalThis.fetch'], {}, 'undefinedundefinedundefined'],
    ['stringify', { a: 1 }, [], { space: '2' }, '{\n  "a": 1\n}'], ['stringify', { a: 1 }, [], {}, '{"a":1}'],
    ['split', 'a,b', [','], {}, ['a', 'b']],
    ['add', '1', ['2.5'], {}, 3.5], ['add', 'a', ['b'], {}, 'ab'], ['mul', '3', [4], {}, 12], ['floor', '3.7', [], {}, 3],
    ['sub', 3, [1], {}, 2], ['div', 9, [3], {}, 3], ['mod', 7, [4], {}, 3], ['ceil', 1.2, [], {}, 2],
    ['greaterThan', 3, ['2'], {}, true], ['greaterThan', 2, [2], {}, false], ['greaterThan', 2, [2], { inclusive: true }, true],
    ['lessThan', '1', ['2'], {}, true], ['equals', '1', [1], {}, true], ['not', 'false', [], {}, true],
    ['condition', true, ['yes', 'no'], {}, 'yes'],
    ['lessThanDate', '2024-01-01', ['2024-01-02'], {}, true], ['greaterThanDate', '2024-01-01', ['2024-01-01'], { inclusive: true }, true],
    ['formatDate', '2024-01-02T03:04:05Z', ['YYYY/MM/DD HH:mm'], {}, '2024/01/02 03:04'],
    ['formatDate', '2024-01-02T03:04:05Z', ['HH:mm', 'Europe/Prague'], {}, '04:04'],
    ['pick', { a: 1, b: 2 }, ['a'], {}, { a: 1 }], ['join', [1, 2], ['-'], {}, '1-2'], ['nthIndex', [1, 2], ['1'], {}, 2],
    ['initial', [1, 2], [], {}, [1]], ['tail', [1, 2], [], {}, [2]], ['reverse', [1, 2], [], {}, [2, 1]],
    ['flatten', [[1], 2], [], {}, [1, 2]], ['sum', ['1', 2], [], {}, 3], ['maxList', [1, 5], [], {}, 5],
    ['minList', [1, 5], [], {}, 1], ['avgList', [1, 5], [], {}, 3], ['deduplicate', [{ a: 1 }, { a: 1 }], [], {}, [{ a: 1 }]],
    ['lowercase', 'AB', [], {}, 'ab'], ['uppercase', 'ab', [], {}, 'AB'], ['regex', 'id: 17', ['id: (\\d+)'], {}, '17'],
    ['replace', 'a.a', ['.', '-'], {}, 'a-a'], ['replace', 'a1b2', ['\\d', '#'], { regex: true }, 'a#b#'],
    ['trim', ' a ', [], {}, 'a'], ['trimStart', ' a ', [], {}, 'a '], ['trimEnd', ' a ', [], {}, ' a'],
    ['truncate', 'abcdefgh', [5], {}, 'ab...'], ['pad', 'a', [3], {}, ' a '], ['splitWords', 'one two', [], {}, ['one', 'two']],
    ['splitByWhitespace', 'a  b\nc', [], {}, ['a', 'b', 'c']], ['extractEmail', 'to: ann@example.com!', [], {}, 'ann@example.com'],
    ['extractUrls', 'see https://a.example/b?c=1, and http://d.example.', [], {}, ['https://a.example/b?c=1', 'http://d.example']],
    ['encodeUrl', 'a b', [], {}, 'a%20b'], ['decodeUrl', 'a%20b', [], {}, 'a b'], ['escapeHtml', '<b>', [], {}, '&lt;b&gt;'],
    ['md5', 'a', [], {}, '0cc175b9c0f1b6a831c399e269772661'], ['sha1', 'a', [], {}, '86f7e437faa5a7fce15d1ddcb9eaeaea377667b8'],
    ['base64', 'a', [], {}, 'YQ=='], ['kebabCase', 'a b', [], {}, 'a-b'], ['camelCase', 'a b', [], {}, 'aB'],
    ['snakeCase', 'a b', [], {}, 'a_b'], ['lowerFirst', 'AB', [], {}, 'aB'], ['upperFirst', 'ab', [], {}, 'Ab'],
    ['toPairs', { a: 1 }, [], {}, [['a', 1]]], ['keys', { a: 1 }, [], {}, ['a']], ['values', { a: 1 }, [], {}, [1]],
    ['set', { a: 1 }, ['b.c', 2], {}, { a: 1, b: { c: 2 } }], ['jsonata', { a: [1, 2] }, ['$sum(a)'], {}, 3],
    ['max', 1, [2], {}, 2], ['min', 1, [2], {}, 1], ['avg', 1, [3], {}, 2]
];

for (const [name, value, params, hash, expected] of CASES) {
    test(`g_${name} of ${JSON.stringify(value)} ${JSON.stringify(params)}`, () => {
        assert.deepEqual(modifiers[`g_${name}`](value, params, hash, {}), expected);
    });
}

test('sets change no original', () => {
    const value = { a: 1 };
    modifiers.g_set(value, ['b', 2], {}, {});
    assert.deepEqual(value, { a: 1 });
});

test('the clock, chance and the flow', () => {
    assert.ok(Math.abs(new Date(modifiers.g_now()) - Date.now()) < 5000);
    assert.ok(Math.abs(modifiers.g_timestamp() - Date.now() / 1000) < 5);
    assert.ok(modifiers.g_random() < 1);
    assert.equal(modifiers.g_webhookUrl(0, [], {}, { webhookUrl: () => 'http://hook' }), 'http://hook');
});

test('JavaScript that does not end is ended, and cannot get out', () => {
    assert.throws(() => modifiers.g_javascript(1, ['while (true) {}']));
    const escape = 'json.constructor.constructor("return process")().pid';
    assert.throws(() => modifiers.g_javascript(1, [escape]));
});
