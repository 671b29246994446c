import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Component, cancels } from './context.mjs';

const send = (name, content) => new Component(`json.${name}`).receive(content);
const run = (name, content) => new Component(`json.${name}`).out(content);

describe('Parse JSON', () => {

    it('reads data and says what kind it is', async () => {
        assert.deepEqual(await run('Parse', { text: '\ufeff{"a":[1]}' }), { data: { a: [1] }, kind: 'object' });
        assert.deepEqual(await run('Parse', { text: '"x"' }), { data: 'x', kind: 'text' });
        assert.deepEqual(await run('Parse', { text: 'null' }), { data: null, kind: 'null' });
    });

    it('reads JSON Lines', async () => {
        assert.deepEqual(await run('Parse', { text: '{"a":1}\r\n\n[2]\n', lines: true }), { data: [{ a: 1 }, [2]], kind: 'list' });
        await cancels(send('Parse', { text: '1\nx', lines: true }), /Line 2/);
    });

    it('names the place of a mistake and never the data', async () => {
        for (const [text, line, column] of [
            ['{\n  "secret": tru }', 2, 13], ['[1,\n2,]', 2, 3], ['{"a":1,}', 1, 8], ['{"a" 1}', 1, 6], ['[1 2]', 1, 4], ['{"a":01}', 1, 6],
            ['["x\ny"]', 1, 2], ['[{"a":[]}', 1, 10], ['1 2', 1, 3], ['{a:1}', 1, 2], ['[1]]', 1, 4], ['"\\x"', 1, 1], ['{"a":"b"', 1, 9]
        ]) await cancels(send('Parse', { text }), new RegExp(`mistake at line ${line}, column ${column}\\.$`));
        const [sent] = await send('Parse', { text: '{"secret', invalid: 'port' });
        assert.equal(sent.port, 'invalid');
        assert.doesNotMatch(sent.content.reason, /secret/);
    });
});

describe('Write JSON', () => {

    it('writes compact, indented or sorted', async () => {
        assert.deepEqual(await run('Write', { data: { b: 'ž', a: [1] } }), { text: '{"b":"ž","a":[1]}', size: 18 });
        assert.equal((await run('Write', { data: { b: { d: 1, c: 2 }, a: 1 }, sortKeys: true, indent: 1 })).text, '{\n "a": 1,\n "b": {\n  "c": 2,\n  "d": 1\n }\n}');
    });
});

describe('Pick value', () => {

    const data = { items: [{ id: 1, tags: ['a', 'b'] }, { id: 2 }, { name: 'x', tags: ['c'] }], 'a.b': { ']': true }, nothing: null };

    for (const [path, value] of [
        ['items[0].id', 1], ['$.items[-1].name', 'x'], ['items[*].id', [1, 2]], ['items[*].tags[*]', ['a', 'b', 'c']], ['["a.b"]["]"]', true],
        ['items.1.id', 2], ['nothing', null], ['$', data], ['$["items"][1]', { id: 2 }]
    ]) it(path, async () => assert.deepEqual((await run('Pick', { data, path })).value, value));

    it('goes to missing when nothing is there', async () => {
        for (const path of ['items[3]', 'items[-4]', 'nothing.x', 'items.length', 'constructor', '__proto__', 'toString', 'a.b']) {
            assert.deepEqual((await send('Pick', { data, path })).map(({ port, content }) => [port, content]), [['missing', { path }]], path);
        }
    });

    it('refuses broken paths', async () => {
        for (const path of ['a..b', 'a[', 'a[x]', 'a.', '["a]', 'a[0]b']) await cancels(send('Pick', { data, path }), /not valid/);
    });
});

describe('Set value', () => {

    const set = async (data, path, value, rest) => (await run('SetValue', { data, path, value, ...rest })).data;

    it('sets, makes what is missing, and leaves the rest alone', async () => {
        assert.deepEqual(await set({ a: 1 }, 'b.c[0].d', 'x'), { a: 1, b: { c: [{ d: 'x' }] } });
        assert.deepEqual(await set([1, 2], '[-1]', 9), [1, 9]);
        assert.deepEqual(await set('{"a":1}', 'a', '12', { parse: true }), { a: 12 });
        assert.deepEqual(await set({ a: 1 }, 'a', '12'), { a: '12' });
    });

    it('appends and removes', async () => {
        assert.deepEqual(await set({ a: [1] }, 'a', 2, { action: 'append' }), { a: [1, 2] });
        assert.deepEqual(await set({}, 'a.b', 2, { action: 'append' }), { a: { b: [2] } });
        assert.deepEqual(await set({ a: [1, 2, 3], b: 1 }, 'a[1]', null, { action: 'remove' }), { a: [1, 3], b: 1 });
        assert.deepEqual(await set({ b: 1 }, 'x.y', null, { action: 'remove' }), { b: 1 });
        assert.deepEqual(await set({ a: [1] }, 'a[5]', null, { action: 'remove' }), { a: [1] });
    });

    it('never touches prototypes', async () => {
        for (const path of ['__proto__.x', 'a.constructor.prototype.x', '["__proto__"]["x"]']) await cancels(send('SetValue', { data: {}, path, value: 1 }), /cannot be used/);
        assert.equal({}.x, undefined);
    });

    it('refuses holes, plain values on the way and places without a name', async () => {
        await cancels(send('SetValue', { data: { a: [] }, path: 'a[2]', value: 1 }), /hole/);
        await cancels(send('SetValue', { data: { a: 'text' }, path: 'a.b', value: 1 }), /plain value/);
        await cancels(send('SetValue', { data: { a: 1 }, path: 'a', value: 1, action: 'append' }), /no list/);
        await cancels(send('SetValue', { data: {}, path: 'a[*]', value: 1 }), /one place/);
    });
});

describe('Merge', () => {

    it('merges deeply or not, lists replaced or joined', async () => {
        const base = { a: { x: 1, y: 2 }, l: [1] };
        const overlay = { a: { y: 3 }, l: [2], n: null };
        assert.deepEqual((await run('Merge', { base, overlay })).data, { a: { x: 1, y: 3 }, l: [2], n: null });
        assert.deepEqual((await run('Merge', { base, overlay, deep: false })).data.a, { y: 3 });
        assert.deepEqual((await run('Merge', { base: JSON.stringify(base), overlay, lists: 'join' })).data.l, [1, 2]);
    });

    it('cannot be used to change prototypes', async () => {
        const { data } = await run('Merge', { base: {}, overlay: '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"b":2}' });
        assert.deepEqual(Object.keys(data), ['b']);
        assert.equal({}.polluted, undefined);
    });

    it('refuses lists', () => cancels(send('Merge', { base: [1], overlay: {} }), /Only objects/));
});
