'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { util } = require('../appmixer-lib');

test('pages are put together until there is no next one', async () => {
    const all = [1, 2, 3, 4, 5];
    const aggregator = new util.PagingAggregator(
        async (args, offset, count) => args.all.slice(offset, offset + count),
        (sum, page) => sum.concat(page),
        (sum, page, offset, count) => page.length < count ? -1 : offset + count
    );
    assert.deepEqual(await aggregator.fetch({ all }, 0, 2), all);
});

test('changes are told against the state of last time', () => {
    const check = (list, before) => util.component.checkListForChanges(list, before, 'id', {
        mappingFunction: ({ at }) => ({ at }), includeOldData: true
    });
    const first = check([{ id: 1, at: 1 }, { id: 2, at: 1 }], []);
    assert.deepEqual(first.changes.map(change => change.state), ['new', 'new']);
    const second = check([{ id: 1, at: 2 }, { id: 3, at: 1 }], JSON.parse(JSON.stringify(first.newState)));
    assert.deepEqual(second.changes, [
        { state: 'changed', item: { id: 1, at: 2 }, oldItem: { id: 1, at: 1 } },
        { state: 'new', item: { id: 3, at: 1 } },
        { state: 'removed', item: { id: 2, at: 1 } }
    ]);
});

test('an HTTP error keeps its status', () => {
    const err = util.HttpError.returnHttpError({ statusCode: 404, message: 'gone' });
    assert.ok(err instanceof Error);
    assert.deepEqual([err.statusCode, err.message], [404, 'gone']);
});
