'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const shared = require('../shared');

const FLOW = {
    a: { type: 'v.s.m.A', source: {}, config: { properties: { list: [1] } } },
    b: { type: 'v.s.m.B', source: { in: { a: ['out', 'also'] }, other: { a: 'third' } } }
};

function completed(context, parts = { flow: 1, manifest: 2 }) {

    shared.learn({ number: 1, text: JSON.stringify(FLOW) });
    shared.learn({ number: 2, text: '{"outPorts":["out"]}' });
    shared.complete({ context, shared: parts });
    return context;
}

test('numbers stand for what was told', () => {
    const context = completed({ componentId: 'a' });
    assert.deepEqual(context.node, FLOW.a);
    assert.deepEqual(context.flow, FLOW);
    assert.deepEqual(context.manifest, { outPorts: ['out'] });
});

test('what a component changes is its own', () => {
    const context = completed({ componentId: 'a' });
    context.node.config.properties.list.push(2);
    context.flow.a.label = 'Mine';
    assert.equal(context.flow.a.label, 'Mine');
    const next = completed({ componentId: 'a' });
    assert.deepEqual(next.node, FLOW.a);
    assert.deepEqual(next.flow, FLOW);
});

test('a node that is given is not looked up', () => {
    const node = { type: 'v.s.m.A', config: {} };
    assert.equal(completed({ componentId: 'a', node }).node, node);
});

test('ports that lead nowhere are known', () => {
    assert.deepEqual([...completed({ componentId: 'a' }).connected], ['out', 'also', 'third']);
    assert.equal(completed({ componentId: 'b' }).connected.size, 0);
    assert.equal(completed({ componentId: 'a' }, {}).connected, undefined);
});

test('what was begun goes on after everything was forgotten', () => {
    const context = completed({ componentId: 'a' });
    shared.forget();
    assert.deepEqual(context.flow, FLOW);
    const next = { componentId: 'a' };
    shared.complete({ context: next, shared: { flow: 1, manifest: 2 } });
    assert.equal(next.flow, undefined);
});
