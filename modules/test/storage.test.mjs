import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Component, World, cancels, fails } from './context.mjs';

function setup() {

    const world = new World();
    world.addStore('s1', 'Settings');
    world.addStore('s2', 'Other');
    const send = (name, content) => new Component(`storage.${name}`, { world }).receive({ storeId: 's1', ...content });
    const run = (name, content) => new Component(`storage.${name}`, { world }).out({ storeId: 's1', ...content });
    return { world, run, send };
}

describe('Set, Get and Delete', () => {

    it('keep, give back and remove values of any kind', async () => {
        const { run, send } = setup();
        assert.deepEqual(await run('Set', { key: 'k', value: { a: [1] } }), { key: 'k', value: { a: [1] }, previous: null, written: true });
        assert.deepEqual(await run('Set', { key: 'k', value: 0 }), { key: 'k', value: 0, previous: { a: [1] }, written: true });
        const got = await run('Get', { key: 'k' });
        assert.deepEqual([got.value, got.found], [0, true]);
        assert.ok(Date.parse(got.updatedAt));
        assert.deepEqual(await run('Delete', { key: 'k' }), { key: 'k', previous: 0, deleted: true });
        assert.deepEqual(await run('Delete', { key: 'k' }), { key: 'k', previous: null, deleted: false });
        assert.equal((await send('Get', { key: 'k' }))[0].port, 'missing');
        assert.deepEqual(await run('Get', { key: 'k', default: 'x' }), { key: 'k', value: 'x', found: false, updatedAt: null });
    });

    it('leave an existing value alone if told to', async () => {
        const { run } = setup();
        await run('Set', { key: 'k', value: 'first' });
        assert.deepEqual(await run('Set', { key: 'k', value: 'second', onlyIfAbsent: true }), { key: 'k', value: 'first', previous: 'first', written: false });
        assert.equal((await run('Get', { key: 'k' })).value, 'first');
    });

    it('refuse bad keys and pass on that a store is gone', async () => {
        const { send } = setup();
        await cancels(send('Set', { key: '', value: 1 }), /key is empty/);
        await cancels(send('Set', { key: 'x'.repeat(513), value: 1 }), /longer than 512/);
        await cancels(send('Set', { key: 'k', value: null }), /no value/);
        await fails(send('Get', { key: 'k', storeId: 'gone' }), /not found/);
    });
});

describe('Increment', () => {

    it('counts from 0, up and down, and over text that is a number', async () => {
        const { run } = setup();
        assert.deepEqual(await run('Increment', { key: 'n' }), { key: 'n', value: 1, previous: 0 });
        assert.equal((await run('Increment', { key: 'n', by: -3 })).value, -2);
        await run('Set', { key: 'n', value: '10' });
        assert.equal((await run('Increment', { key: 'n' })).value, 11);
    });

    it('loses no count when many count at once', async () => {
        const { run } = setup();
        const values = await Promise.all(Array.from({ length: 25 }, () => run('Increment', { key: 'n' })));
        assert.deepEqual(values.map(({ value }) => value).sort((a, b) => a - b), Array.from({ length: 25 }, (none, i) => i + 1));
    });

    it('refuses to count words', async () => {
        const { run, send } = setup();
        await run('Set', { key: 'n', value: 'many' });
        await cancels(send('Increment', { key: 'n' }), /not a number/);
    });
});

describe('List keys', () => {

    it('sorts, filters by prefix and says when there are more', async () => {
        const { run } = setup();
        for (const key of ['b/1', 'a', 'b/2', 'c']) await run('Set', { key, value: key });
        assert.deepEqual((await run('ListKeys', {})).keys, ['a', 'b/1', 'b/2', 'c']);
        const part = await run('ListKeys', { prefix: 'b/', limit: 1 });
        assert.deepEqual([part.keys, part.count, part.truncated], [['b/1'], 1, true]);
        assert.equal(part.items[0].value, 'b/1');
    });
});

describe('List stores', () => {

    it('fills a drop-down list', async () => {
        const { world } = setup();
        const component = new Component('storage.ListStores', { world });
        const content = await component.out({});
        assert.deepEqual(component.module.toSelectArray(content), [{ label: 'Settings', value: 's1' }, { label: 'Other', value: 's2' }]);
    });
});

describe('On change', () => {

    it('listens to its store from start to stop, for the changes and keys it was told', async () => {
        const { world, run } = setup();
        const trigger = new Component('storage.OnChange', { world, properties: { storeId: 's1', events: ['update', 'delete'], prefix: 'x' } });
        await trigger.start();
        await run('Set', { key: 'x1', value: 'old' });
        await run('Set', { key: 'x1', value: 'new' });
        await run('Set', { key: 'y1', value: 1 });
        await run('Set', { key: 'y1', value: 2 });
        await run('Set', { key: 'x2', value: 1, storeId: 's2' });
        await run('Delete', { key: 'x1' });
        for (const { componentId, data } of world.storeEvents) {
            assert.equal(componentId, trigger.componentId);
            await trigger.webhook({ data });
        }
        assert.deepEqual(trigger.sent.map(({ content: { change, key, value, previous, storeId } }) => [change, key, value, previous, storeId]), [
            ['update', 'x1', 'new', 'old', 's1'], ['delete', 'x1', null, 'new', 's1']
        ]);
        assert.ok(trigger.responses.length >= 3 && trigger.responses.every(({ status }) => status === 200));

        await trigger.stop();
        world.storeEvents.length = 0;
        await run('Set', { key: 'x1', value: 'later' });
        assert.deepEqual(world.storeEvents, []);
    });

    it('ignores a message without data', async () => {
        const trigger = new Component('storage.OnChange', { properties: { storeId: 's1' } });
        assert.deepEqual(await trigger.webhook({ data: null }), []);
    });
});
