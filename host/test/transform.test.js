'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { ruleOf, scopeOf, transform } = require('../transform');

const ENV = { flowId: 'flow-1', flowName: 'A flow', userId: 'user-1', webhookUrl: () => 'http://hook', customFields: {} };
const SCOPE = { a: { out: { n: 5, list: [{ x: 1 }, { x: 2 }], nothing: null, 'with.dot': 1 } } };

/** One field with one placeholder: `{{{u}}}` in `text`, and what it stands for. */
const one = (text, rule, content = {}) =>
    transform({ lambda: { f: text }, modifiers: { f: { u: rule } } }, content, SCOPE, ENV).f;

test('a placeholder that is all of the text keeps its type', () => {
    assert.equal(one('{{{u}}}', { variable: '$.a.out.n' }), 5);
    assert.equal(one('{{{u}}}', { variable: '$.a.out.nothing' }), null);
    assert.deepEqual(one('{{{u}}}', { variable: '$.a.out' }), SCOPE.a.out);
    assert.equal(one('{{{u}}}', { variable: '$.a.out.list.[1].x' }), 2);
    assert.equal(one('{{{u}}}', { variable: '$.a.out.list[0].x' }), 1);
});

test('a placeholder inside text is written out', () => {
    assert.equal(one('n={{{u}}}', { variable: '$.a.out.n' }), 'n=5');
    assert.equal(one('n={{{u}}}', { variable: '$.a.out.nothing' }), 'n=null');
    assert.equal(one('n={{{u}}}', { variable: '$.a.out.gone' }), 'n=undefined');
    assert.equal(one('n={{{u}}}', { variable: '$.a.out.list' }), 'n=[{"x":1},{"x":2}]');
});

test('what is missing vanishes', () => {
    const rule = { lambda: { a: '{{{u}}}', b: '{{{other}}}', c: 'c' }, modifiers: { a: { u: { variable: '$.gone' } } } };
    assert.deepEqual(transform(rule, {}, SCOPE, ENV), { c: 'c' });
    assert.equal(one('{{{u}}}', { variable: '$.a.out.with.dot' }), undefined);
});

test('the content itself is reached without $', () => {
    assert.equal(one('{{{u}}}', { variable: 'own.x' }, { own: { x: 7 } }), 7);
});

test('leaves that are no text stay, and empty text too', () => {
    const lambda = { n: 1, t: true, z: null, e: '', o: {}, deep: { list: ['{{{u}}}', 2] } };
    const rule = { lambda, modifiers: { deep: { u: { variable: '$.a.out.n' } } } };
    assert.deepEqual(transform(rule, {}, SCOPE, ENV), { ...lambda, deep: { list: [5, 2] } });
});

test('json2new replaces, json2ext adds, and no rule changes nothing', () => {
    const lambda = { a: 1 };
    assert.deepEqual(transform({ type: 'json2new', lambda, modifiers: {} }, { b: 2 }, SCOPE, ENV), { a: 1 });
    assert.deepEqual(transform({ lambda, modifiers: {} }, { b: 2 }, SCOPE, ENV), { a: 1 });
    assert.deepEqual(transform({ type: 'json2ext', lambda, modifiers: {} }, { a: 0, b: 2 }, SCOPE, ENV), { a: 1, b: 2 });
    assert.deepEqual(transform(undefined, { b: 2 }, SCOPE, ENV), { b: 2 });
});

test('functions run from left to right, on nothing where there is no variable', () => {
    const functions = [{ name: 'g_first' }, { name: 'g_jsonPath', params: [{ value: 'x' }] }, { name: 'g_add', params: [{ value: '4' }] }];
    assert.equal(one('{{{u}}}', { variable: '$.a.out.list', functions }), 5);
    assert.equal(one('{{{u}}}', { functions: [{ name: 'g_flowId' }] }), 'flow-1');
    assert.match(one('{{{u}}}', { functions: [{ name: 'g_uuid4' }] }), /^[0-9a-f-]{36}$/);
});

test('parameters have placeholders of their own', () => {
    const second = { value: '{{{p}}}', modifiers: { p: { variable: '$.a.out.n' } } };
    assert.equal(one('{{{u}}}', { variable: '$.a.out.n', functions: [{ name: 'g_mul', params: [second] }] }), 25);
});

test('a function that throws leaves its input; one that is unknown is an error', () => {
    assert.equal(one('{{{u}}}', { variable: '$.a.out.n', functions: [{ name: 'g_jsonata', params: [{ value: '((' }] }] }), 5);
    assert.throws(() => one('{{{u}}}', { variable: '$.a.out.n', functions: [{ name: 'g_nothing' }] }), /g_nothing/);
});

test('loops have the item, the index, the key, and what is around them', () => {
    const param = { value: '{{{i}}}:{{{x}}}', modifiers: { i: { variable: '@index' }, x: { variable: '@value.x' } } };
    const loop = name => one('{{{u}}}', { variable: '$.a.out.list', functions: [{ name, params: [param] }] });
    assert.deepEqual(loop('g_map'), ['0:1', '1:2']);
    assert.equal(loop('g_each'), '0:11:2');
    const isTwo = { value: '{{{t}}}', modifiers: { t: { variable: '@value.x', functions: [{ name: 'g_equals', params: [{ value: 2 }] }] } } };
    assert.deepEqual(one('{{{u}}}', { variable: '$.a.out.list', functions: [{ name: 'g_filterList', params: [isTwo] }] }), [{ x: 2 }]);
    const inner = { value: '{{{o}}}{{{k}}}', modifiers: { o: { variable: '@../index' }, k: { variable: '@key' } } };
    const outer = { value: '{{{m}}}', modifiers: { m: { variable: '@value', functions: [{ name: 'g_each', params: [inner] }] } } };
    assert.deepEqual(one('{{{u}}}', { variable: '$.a.out.list', functions: [{ name: 'g_map', params: [outer] }] }), ['0x', '1x']);
});

test('without modifiers the text is a template', () => {
    const made = text => transform({ lambda: { f: text } }, {}, SCOPE, ENV).f;
    assert.equal(made('{{{$.a.out.n}}}'), 5);
    assert.equal(made('n={{{$.a.out.n}}} {{{g_length $.a.out.list}}}'), 'n=5 2');
    assert.equal(made('{{{g_add $.a.out.n 1}}}'), 6);
    assert.equal(made('{{{g_join (g_split "a-b" "-") "+"}}}'), 'a+b');
    assert.equal(made('{{{g_stringify $.a.out.nothing space=2}}}'), 'null');
    assert.throws(() => made('{{{$.a.out.n'), /broken/);
    assert.throws(() => made('{{{}}}'), /broken/);
    assert.throws(() => made('{{{g_join (g_split "a"}}}'), /broken/);
});

test('the scope has the latest output of every ancestor, and the way', () => {
    const input = { kind: 'port', port: 'in', content: { a: 1 }, sender: { componentId: 's', port: 'out' }, scope: { r: { out: 0 } } };
    const scope = scopeOf(input, 'me');
    const step = { targetId: 'me', links: [{ sourceId: 's', sourceOut: 'out', targetIn: 'in' }] };
    assert.deepEqual(scope, { r: { out: 0 }, s: { out: { a: 1 } }, _walkthrough: [step] });
    assert.deepEqual(scopeOf({ ...input, scope }, 'me'), scope);
    assert.deepEqual(input.scope, { r: { out: 0 } });
});

test('the rule is that of the link', () => {
    const rule = { lambda: {} };
    const node = { config: { transform: { in: { s: { out: rule }, gone: { out: {} } } } } };
    assert.equal(ruleOf(node, { port: 'in', sender: { componentId: 's', port: 'out' } }), rule);
    assert.equal(ruleOf(node, { port: 'in', sender: { componentId: 't', port: 'out' } }), undefined);
    assert.equal(ruleOf(node, { port: 'in', sender: null }), undefined);
});
