import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Component, cancels } from './context.mjs';

const run = (name, content) => new Component(`lists.${name}`).out(content);
const people = [{ name: 'Čeněk', age: '9' }, { name: 'Adam', age: 10 }, { name: 'Cyril', age: null }, { name: 'Dan', age: 9 }];

describe('Each and Collect', () => {

    it('send every item with its position, then done', async () => {
        const sent = await new Component('lists.Each').receive({ list: '["a","b"]' }, { id: 'loop-1' });
        assert.deepEqual(sent.map(({ port, content }) => [port, content]), [
            ['item', { item: 'a', index: 0, count: 2, loopId: 'loop-1' }],
            ['item', { item: 'b', index: 1, count: 2, loopId: 'loop-1' }],
            ['done', { count: 2, loopId: 'loop-1' }]
        ]);
    });

    it('send only done for an empty list, and stop at the limit', async () => {
        assert.deepEqual((await new Component('lists.Each').receive({ list: [] })).map(({ port }) => port), ['done']);
        assert.equal((await new Component('lists.Each').receive({ list: [1, 2, 3], limit: 2 })).length, 3);
    });

    it('bring a list back in order although messages overtake each other and come twice', async () => {
        const items = (await new Component('lists.Each').receive({ list: ['a', 'b', 'c'] })).filter(({ port }) => port === 'item');
        const collect = new Component('lists.Collect');
        const give = i => collect.receive({ ...items[i].content, value: items[i].content.item.toUpperCase(), item: undefined });
        await give(2);
        await give(0);
        await give(0);
        assert.equal(collect.sent.length, 0);
        const [sent] = await give(1);
        assert.deepEqual(sent.content.list, ['A', 'B', 'C']);
        assert.deepEqual(collect.stored, {});
    });

    it('keep loops apart that run at the same time, also without an ID', async () => {
        const collect = new Component('lists.Collect');
        await collect.receive({ value: 1, count: 2 }, { correlationId: 'x.1' });
        await collect.receive({ value: 2, count: 2 }, { correlationId: 'y.1' });
        const [sent] = await collect.receive({ value: 3, count: 2 }, { correlationId: 'x.1' });
        assert.deepEqual(sent.content, { list: [1, 3], count: 2, loopId: 'x.1' });
    });

    it('give up after the time that is set, and not after a complete list', async () => {
        const collect = new Component('lists.Collect');
        await collect.receive({ value: 'a', count: 3, loopId: 'l', index: 2, timeoutMinutes: 5 });
        await collect.receive({ value: 'b', count: 3, loopId: 'l', index: 0, timeoutMinutes: 5 });
        assert.deepEqual(collect.timeouts.map(({ ms }) => ms), [300000]);
        const [sent] = await collect.fireTimeout();
        assert.deepEqual([sent.port, sent.content], ['incomplete', { list: ['b', 'a'], count: 2, expected: 3, loopId: 'l' }]);

        await collect.receive({ value: 1, count: 1, loopId: 'm', timeoutMinutes: 5 });
        await collect.receive({ value: 1, count: 2, loopId: 'n', timeoutMinutes: 5 });
        await collect.receive({ value: 2, count: 2, loopId: 'n', timeoutMinutes: 5 });
        assert.deepEqual(collect.timeouts, []);
    });

    it('collect messages that arrive at the same moment', async () => {
        const collect = new Component('lists.Collect');
        await Promise.all(Array.from({ length: 20 }, (none, index) => collect.receive({ value: index, index, count: 20, loopId: 'l' })));
        assert.equal(collect.sent.length, 1);
        assert.equal(collect.sent[0].content.list.length, 20);
    });
});

describe('Sort', () => {

    it('sorts numbers in text as numbers, empty values last, equal ones as they were', async () => {
        const { list } = await run('Sort', { list: people, field: 'age' });
        assert.deepEqual(list.map(({ name }) => name), ['Čeněk', 'Dan', 'Adam', 'Cyril']);
        const down = await run('Sort', { list: people, field: 'age', order: 'descending' });
        assert.deepEqual(down.list.map(({ name }) => name), ['Adam', 'Čeněk', 'Dan', 'Cyril']);
    });

    it('sorts text the way the language does', async () => {
        const list = ['Čeněk', 'Dan', 'Cyril', 'Chrudoš', 'Hana'];
        assert.deepEqual((await run('Sort', { list, locale: 'cs' })).list, ['Cyril', 'Čeněk', 'Dan', 'Hana', 'Chrudoš']);
        assert.deepEqual((await run('Sort', { list, locale: 'en' })).list, ['Čeněk', 'Chrudoš', 'Cyril', 'Dan', 'Hana']);
    });

    it('sorts dates with different offsets', async () => {
        const { list } = await run('Sort', { list: ['2024-01-01T12:00:00+02:00', '2024-01-01T11:00:00Z', '2024-01-01'] });
        assert.deepEqual(list, ['2024-01-01', '2024-01-01T12:00:00+02:00', '2024-01-01T11:00:00Z']);
    });
});

describe('the other list actions', () => {

    it('Unique compares objects by value, or by a field', async () => {
        assert.deepEqual(await run('Unique', { list: [{ a: 1, b: 2 }, { b: 2, a: 1 }, 1, '1', 1] }), { list: [{ a: 1, b: 2 }, 1, '1'], count: 3, removed: 2 });
        assert.equal((await run('Unique', { list: [{ a: { b: 1 } }, { a: { b: 1 }, c: 2 }], field: 'a.b' })).count, 1);
    });

    it('Slice counts from the start or from the end', async () => {
        assert.deepEqual(await run('Slice', { list: [1, 2, 3, 4], start: 1, length: 2 }), { list: [2, 3], count: 2, first: 2, last: 3 });
        assert.deepEqual((await run('Slice', { list: [1, 2, 3, 4], start: -3 })).list, [2, 3, 4]);
        assert.deepEqual((await run('Slice', { list: [1], start: -3, length: 1 })).list, [1]);
        assert.deepEqual(await run('Slice', { list: [1], start: 5 }), { list: [], count: 0, first: null, last: null });
    });

    it('Filter list keeps what fits', async () => {
        assert.deepEqual(await run('FilterList', { list: people, field: 'age', operator: 'greaterOrEqual', value: '10' }), { list: [people[1]], count: 1, removed: 3 });
        assert.equal((await run('FilterList', { list: ['x1', 'y2'], operator: 'matches', value: '^x' })).count, 1);
    });

    it('Group gathers in order of appearance', async () => {
        const { groups, count } = await run('Group', { list: [{ c: 'b', n: 1 }, { c: 'a', n: 2 }, { c: 'b', n: 3 }, { n: 4 }], field: 'c' });
        assert.equal(count, 3);
        assert.deepEqual(groups.map(({ key, items }) => [key, items.map(({ n }) => n)]), [['b', [1, 3]], ['a', [2]], [null, [4]]]);
    });

    it('Summarise leaves out what is no number and does not drift', async () => {
        assert.deepEqual(await run('Summarise', { list: [{ n: '0.1' }, { n: 0.2 }, { n: 'x' }, {}], field: 'n' }),
            { count: 2, sum: 0.1 + 0.2, average: (0.1 + 0.2) / 2, min: 0.1, max: 0.2, skipped: 2 });
        assert.equal((await run('Summarise', { list: Array(10).fill(0.1) })).sum, 1);
        assert.deepEqual(await run('Summarise', { list: [] }), { count: 0, sum: 0, average: null, min: null, max: null, skipped: 0 });
    });

    it('refuse what is no list, and paths that are no paths', async () => {
        await cancels(run('Sort', { list: 'a,b' }), /not JSON text/);
        await cancels(run('Sort', { list: '{"a":1}' }), /list is needed/);
        await cancels(run('Sort', { list: [1], field: 'a[' }), /not valid/);
        await cancels(run('Unique', { list: Array(100001).fill(0) }), /100000/);
    });
});
