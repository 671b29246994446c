import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Component, cancels } from './context.mjs';

const check = async (input, operator, value, options = {}) => {
    const [sent] = await new Component('conditions.If').receive({ expression: { AND: [{ input, operator, value }] }, ...options });
    assert.equal(sent.port, String(sent.content.result));
    return sent.content.result;
};

describe('comparisons', () => {

    const table = [
        ['10', 'greater', 9, true], ['10', 'greater', '9', true], ['a10', 'greater', 'a9', false], ['1e3', 'equals', 1000, true],
        ['', 'equals', 0, false], [0, 'equals', '', false], [null, 'equals', '', true], ['abc', 'less', '', false],
        ['2024-01-01T12:00:00+01:00', 'equals', '2024-01-01T11:00:00Z', true], ['2024-02-01', 'greater', '2024-01-31', true],
        [5, 'greaterOrEqual', 5, true], [5, 'lessOrEqual', 4, false], ['Ann', 'notEquals', 'ann', true],
        ['hello world', 'contains', 'lo w', true], [['a', 'b'], 'contains', 'b', true], [['ab'], 'contains', 'b', false], ['x', 'notContains', 'y', true],
        ['file.csv', 'endsWith', '.csv', true], ['file.csv', 'startsWith', 'csv', false], ['b', 'oneOf', 'a, b ,c', true], [2, 'oneOf', [1, 2], true], ['d', 'oneOf', 'a,b', false],
        ['ab12', 'matches', '^[a-z]+\\d{2}$', true], ['ab1', 'matches', '^[a-z]+\\d{2}$', false],
        ['  ', 'isEmpty', undefined, true], [[], 'isEmpty', undefined, true], [{}, 'isEmpty', undefined, true], [0, 'isEmpty', undefined, false], ['x', 'isNotEmpty', undefined, true],
        ['Yes', 'isTrue', undefined, true], [true, 'isTrue', undefined, true], ['no', 'isTrue', undefined, false], ['false', 'isFalse', undefined, true], ['', 'isFalse', undefined, false]
    ];
    for (const [input, operator, value, expected] of table) {
        it(`${JSON.stringify(input)} ${operator} ${JSON.stringify(value) ?? ''} is ${expected}`, async () => {
            assert.equal(await check(input, operator, value), expected);
        });
    }

    it('can ignore case', async () => {
        assert.equal(await check('ANN', 'equals', 'ann', { caseSensitive: false }), true);
        assert.equal(await check('ANN', 'matches', '^ann$', { caseSensitive: false }), true);
    });

    it('stop a pattern that would run for ever', async () => {
        const started = Date.now();
        await cancels(check('a'.repeat(40) + '!', 'matches', '^(a+)+$'), /longer than a second/);
        assert.ok(Date.now() - started < 5000);
    });

    it('refuse what they do not know', async () => {
        await cancels(check('a', 'resembles', 'b'), /no comparison/);
        await cancels(check('a', 'matches', '('), /not valid/);
    });
});

describe('If', () => {

    const yes = { input: 1, operator: 'equals', value: 1 };
    const no = { input: 1, operator: 'equals', value: 2 };
    const run = async expression => (await new Component('conditions.If').receive({ expression }))[0].port;

    it('joins groups with OR and lines with AND, and the other way round', async () => {
        assert.equal(await run({ OR: [{ AND: [yes, no] }, { AND: [yes, yes] }] }), 'true');
        assert.equal(await run({ OR: [{ AND: [yes, no] }, { AND: [no] }] }), 'false');
        assert.equal(await run({ AND: [{ OR: [no, yes] }, { OR: [no] }] }), 'false');
        assert.equal(await run([yes, no]), 'false');
    });

    it('refuses an empty condition instead of guessing', async () => {
        await cancels(run({ OR: [] }), /empty/);
        await cancels(run({ AND: [{}] }), /incomplete/);
    });
});

describe('Filter', () => {

    it('lets pass or ends', async () => {
        const filter = new Component('conditions.Filter');
        assert.deepEqual(await filter.out({ expression: { AND: [{ input: 'a', operator: 'isNotEmpty' }] } }), { result: true });
        assert.deepEqual(await filter.receive({ expression: { AND: [{ input: '', operator: 'isNotEmpty' }] } }), []);
    });
});

describe('Switch', () => {

    it('takes the first case that fits, or else', async () => {
        const component = new Component('conditions.Switch');
        const content = { operator: 'contains', case1: '', case2: 'cat', case3: 'c' };
        assert.deepEqual((await component.receive({ value: 'concat', ...content })).map(({ port, content: { matched } }) => [port, matched]), [['case2', 'cat']]);
        assert.equal((await component.receive({ value: 'cow', ...content }))[0].port, 'case3');
        assert.deepEqual((await component.receive({ value: 'dog', ...content }))[0], { port: 'else', content: { value: 'dog' }, scope: {}, correlationId: 'correlation-1' });
    });
});

describe('Only once', () => {

    it('tells repetitions from what is new', async () => {
        const component = new Component('conditions.OnlyOnce');
        const ports = [];
        for (const key of ['a', 'b', 'a', { id: 1 }, { id: 1 }, 'a']) ports.push((await component.receive({ key }))[0].port);
        assert.deepEqual(ports, ['out', 'out', 'repeated', 'out', 'repeated', 'repeated']);
    });

    it('lets the same delivery pass again, so that nothing is lost when the engine repeats it', async () => {
        const component = new Component('conditions.OnlyOnce');
        assert.equal((await component.receive({ key: 'a' }, { id: 'm1' }))[0].port, 'out');
        assert.equal((await component.receive({ key: 'a' }, { id: 'm1' }))[0].port, 'out');
        assert.equal((await component.receive({ key: 'a' }, { id: 'm2' }))[0].port, 'repeated');
    });

    it('forgets after the days it was given', async t => {
        t.mock.timers.enable({ apis: ['Date'], now: 1e12 });
        const component = new Component('conditions.OnlyOnce');
        await component.receive({ key: 'a', days: 2 });
        t.mock.timers.tick(86400000 * 2 + 1);
        assert.equal((await component.receive({ key: 'a', days: 2 }))[0].port, 'out');
    });

    it('keeps its memory bounded', async () => {
        const component = new Component('conditions.OnlyOnce');
        const at = Date.now();
        component.stored = { seen: Object.fromEntries(Array.from({ length: 5200 }, (none, i) => [`k${i}`, { at: at - i, until: at + 1e9 }])) };
        await component.receive({ key: 'new' });
        assert.equal(Object.keys(component.stored.seen).length, 5000);
        assert.ok(component.stored.seen.k0 && !component.stored.seen.k5199);
    });

    it('refuses an empty key', () => cancels(new Component('conditions.OnlyOnce').receive({ key: ' ' }), /empty/));
});
