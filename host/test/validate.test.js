'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { portContent, properties } = require('../validate');

const port = (properties, rest = {}) => ({ inPorts: [{ name: 'in', schema: { type: 'object', properties, ...rest } }, 'plain'] });

test('values are coerced, and the original stays', () => {
    const content = { n: '5', t: 7, b: 'true' };
    const manifest = port({ n: { type: 'number' }, t: { type: 'string' }, b: { type: 'boolean' } });
    assert.deepEqual(portContent(manifest, 'in', content), { n: 5, t: '7', b: true });
    assert.equal(content.n, '5');
});

test('an empty value that does not fit is taken away', () => {
    const manifest = port({ n: { type: 'number' }, mail: { type: 'string', format: 'email' } });
    assert.deepEqual(portContent(manifest, 'in', { n: '', mail: '' }), {});
});

test('text that holds an object or a list becomes its JSON', () => {
    const manifest = port({ t: { type: 'string' }, u: { type: 'string' } });
    assert.deepEqual(portContent(manifest, 'in', { t: [{}, {}], u: { a: 1 } }), { t: '[{},{}]', u: '{"a":1}' });
});

test('what still does not fit is refused by name', () => {
    const refused = (manifest, content) => {
        let caught;
        try { portContent(manifest, 'in', content); } catch (err) { caught = err; }
        assert.deepEqual([caught.kind, caught.name, caught.code], ['invalid', 'ValidationFlowError', 'GRID_ERR_VAL_PORTS']);
        return caught.message;
    };
    assert.match(refused(port({ n: { type: 'number' } }), { n: 'x' }), /"n" must be number/);
    assert.match(refused(port({}, { required: ['a'] }), {}), /'a'/);
    const errorMessage = { properties: { n: 'Give a number.' } };
    assert.match(refused(port({ n: { type: 'number' } }, { errorMessage }), { n: 'x' }), /Give a number/);
});

test('ports without a schema take anything, and a broken schema refuses nothing', () => {
    const content = { any: [1] };
    assert.equal(portContent(port({}), 'plain', content), content);
    assert.equal(portContent({}, 'in', content), content);
    const broken = { inPorts: [{ name: 'in', schema: { type: 'nonsense' } }] };
    assert.deepEqual(portContent(broken, 'in', content), content);
});

test('properties get their defaults', () => {
    const manifest = { properties: { schema: { properties: { a: { type: 'number', default: 3 }, b: { type: 'number' } }, required: ['b'] } } };
    assert.deepEqual(properties(manifest, { b: '1' }), { value: { a: 3, b: 1 }, errors: [] });
    const wrong = properties(manifest, {});
    assert.equal(wrong.value.a, 3);
    assert.match(wrong.text, /'b'/);
});
