'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { createContext } = require('../context');
const { Run } = require('../run');

/** A context over a server that answers with `answer(name, args)`; `asked` has the calls. */
function made({ answer = () => null, manifest = {}, ...given } = {}) {

    const asked = [];
    const warnings = [];
    const server = {
        call: async (id, name, args) => {
            asked.push([name, args]);
            return answer(name, args);
        }
    };
    const invocation = {
        type: 'acme.demo.core.Any',
        context: { flowId: 'f', flowName: 'F', userId: 'u', componentId: 'c', id: 'm', correlationId: 'k', apiUrl: 'http://e/', ...given }
    };
    const run = new Run({ id: 1, invocation, manifest: { outPorts: ['out', { name: 'err' }], ...manifest }, server, warn: text => warnings.push(text) });
    return { context: createContext(run), run, asked, warnings };
}

test('who and where it is', () => {
    const { context } = made({ config: { clientId: 'x' }, auth: { token: 't' }, profileInfo: { name: 'Ann' }, flow: { c: {} } });
    assert.deepEqual(context.auth, { clientId: 'x', token: 't', profileInfo: { name: 'Ann' } });
    assert.deepEqual(context.config, { clientId: 'x' });
    assert.deepEqual([context.flowId, context.componentId, context.id, context.componentType], ['f', 'c', 'm', 'acme.demo.core.Any']);
    assert.deepEqual(context.flowInfo, { flowId: 'f', flowName: 'F' });
    assert.deepEqual([context.flowDescriptor, context.appmixerApiUrl], [{ c: {} }, 'http://e/']);
    assert.deepEqual([made().context.auth, made().context.config, made().context.properties], [{}, {}, {}]);
});

test('properties are coerced, and what is wrong with them is told', () => {
    const manifest = { properties: { schema: { properties: { n: { type: 'number' }, d: { default: 1 } }, required: ['gone'] } } };
    const { context, warnings } = made({ manifest, node: { config: { properties: { n: '4' } } } });
    assert.deepEqual(context.properties, { n: 4, d: 1 });
    assert.match(warnings[0], /GRID_ERR_VAL_PROPERTIES.*gone/);
});

test('a webhook, a timer, a tick and a signal arrive under their names', () => {
    const got = (kind, more) => made({ input: { kind, content: { a: 1 }, scope: { s: 1 }, ...more } }).context;
    const webhook = got('webhook');
    assert.deepEqual(Object.keys(webhook.messages), ['webhook']);
    assert.deepEqual(webhook.messages.webhook.content, { a: 1 });
    assert.deepEqual(webhook.scope, { s: 1 });
    const timeout = got('timeout', { timeoutId: 't' }).messages.timeout;
    assert.deepEqual([timeout.timeoutId, timeout.correlationId, timeout.scope], ['t', 'k', { s: 1 }]);
    assert.deepEqual(got('tick').messages.tick.content, { a: 1 });
    assert.deepEqual([got('signal').messages, got('signal').signal], [{}, { content: { a: 1 } }]);
    assert.deepEqual([made().context.messages, made().context.scope, made().context.signal], [{}, {}, undefined]);
});

test('a message is transformed and has its original beside it', () => {
    const transform = { in: { s: { out: { lambda: { b: '{{{u}}}' }, modifiers: { b: { u: { variable: '$.s.out.a' } } } } } } };
    const input = { kind: 'port', port: 'in', content: { a: 1 }, scope: {}, sender: { componentId: 's', port: 'out' } };
    const { context } = made({ input, node: { config: { transform } } });
    assert.deepEqual(context.messages.in.content, { b: 1 });
    assert.deepEqual(context.messages.in.originalContent, { a: 1 });
    assert.equal(context.scope._walkthrough[0].targetId, 'c');
});

test('what is sent has the scope, or another one', async () => {
    const { context, asked } = made({ input: { kind: 'webhook', content: 1, scope: { s: 1 } } });
    await context.sendJson({ a: 1 }, 'out');
    await context.sendJson(2, 'out', { scope: {} });
    await context.sendArray([3, 4], 'out', { concurrency: 1 });
    await context.send(Buffer.from('five'), 'out', 'text/plain');
    assert.deepEqual(asked.map(([, args]) => args.content), [{ a: 1 }, 2, 3, 4, 'five']);
    assert.deepEqual(asked.map(([, args]) => args.scope), [{ s: 1 }, {}, { s: 1 }, { s: 1 }, { s: 1 }]);
    await assert.rejects(context.sendJson({}, 'nowhere'), { name: 'ContextCancelError' });
});

test('a list is sent a few at a time, and no more than twenty', async () => {
    for (const [concurrency, most] of [[undefined, 5], [3, 3], [100, 20]]) {
        let now = 0;
        let top = 0;
        const answer = async () => {
            top = Math.max(top, ++now);
            await new Promise(resolve => setTimeout(resolve, 1));
            now--;
        };
        await made({ answer }).context.sendArray(Array(50).fill(0), 'out', { concurrency });
        assert.equal(top, most);
    }
});

test('an error goes to the port err where there is one', async () => {
    const { context, asked } = made();
    await context.sendError(new Error('oh'));
    assert.deepEqual([asked[0][1].port, asked[0][1].content.message], ['err', 'oh']);
    const without = made({ manifest: { outPorts: [] } });
    await without.context.sendError(new Error('oh'));
    assert.deepEqual(without.asked[0], ['log', { level: 'error', content: { message: 'oh', name: 'Error' } }]);
});

test('late sends are dropped and told', async () => {
    const { context, run, asked, warnings } = made();
    await run.settle();
    await context.sendJson({}, 'out');
    await context.stateSet('a', 1);
    assert.deepEqual(asked.map(([name]) => name), ['state.set']);
    assert.match(warnings[0], /sendJson/);
});

test('a send that nobody awaits fails the method when it fails', async () => {
    const { context, run } = made({ answer: async () => { throw new Error('full'); } });
    context.sendJson({}, 'out');
    await assert.rejects(run.settle(), /full/);
});

test('logging fails nothing and takes both shapes', async () => {
    const { context, asked } = made({ answer: () => { throw new Error('no log'); } });
    const circle = { a: 1 };
    circle.self = circle;
    for (const args of [[circle], ['text'], ['warn', 'text', [1]], ['info', { a: 1 }], []]) await context.log(...args);
    assert.deepEqual(asked.map(([, args]) => args), [
        { level: 'info', content: { a: 1 } }, { level: 'info', content: { message: 'text' } },
        { level: 'warn', content: { message: 'text', data: [1] } }, { level: 'info', content: { a: 1 } },
        { level: 'info', content: {} }
    ]);
});

test('a lock is given back once, and never fails for it', async () => {
    const { context, asked } = made({ answer: name => { if (name !== 'lock') throw new Error('gone'); return 'l'; } });
    const lock = await context.lock('name');
    await Promise.all([lock.unlock(), lock.unlock()]);
    assert.equal(asked.length, 2);
});

test('timers have bounds', async () => {
    const { context, asked } = made();
    await assert.rejects(context.setTimeout({}, 32 * 86400000), /31 days/);
    await assert.rejects(context.setTimeout({}, 'soon'), /soon/);
    await context.clearTimeout(undefined);
    assert.deepEqual(asked, []);
});

test('a cursor goes through the pages', async () => {
    const items = Array.from({ length: 250 }, (_, index) => ({ key: index }));
    const answer = (name, { offset, limit }) => items.slice(offset, offset + limit);
    const { context } = made({ answer });
    const seen = [];
    const cursor = await context.store.getCursor('s');
    while (await cursor.hasNext()) seen.push(await cursor.next());
    assert.deepEqual(seen, items);
    assert.equal(await cursor.next(), null);
    assert.deepEqual(await context.store.getCursor('s', {}, { limit: 2 }).toArray(), items.slice(0, 2));
    const changed = context.store.getCursor('s', {}, { skip: 248 });
    const { next } = changed;
    changed.next = async () => (await next()).key;
    const rest = [];
    for await (const key of changed.stream()) rest.push(key);
    assert.deepEqual(rest, [248, 249]);
    assert.deepEqual(await context.store.getCursor('s').skip(245).toArray(), items.slice(245));
    assert.deepEqual(await context.store.getCursor('s').limit(120).toArray(), items.slice(0, 120));
});

test('an order by what records do not have is none', async () => {
    const asked = [];
    const { context } = made({ answer: (name, { sort }) => { asked.push(sort); return []; } });
    for (const sort of [undefined, { undefined: 1 }, { key: -1, other: 1 }, { 'value.n': 1 }]) {
        await context.store.getCursor('s', {}, { sort }).toArray();
    }
    assert.deepEqual(asked, [null, null, { key: -1 }, { 'value.n': 1 }]);
});

test('a file may come as a stream of the old kind', async () => {
    const { Stream } = require('node:stream');
    const old = new Stream();
    const { context, asked } = made({ answer: name => name === 'file.open' ? 'u' : null });
    const saved = context.saveFileStream('a.txt', old);
    old.emit('data', 'some ');
    old.emit('data', 'text');
    old.emit('end');
    old.emit('close');
    await saved;
    const written = asked.filter(([name]) => name === 'file.write').map(([, { bytes }]) => Buffer.from(bytes, 'base64').toString());
    assert.equal(written.join(''), 'some text');
});

test('nobody waits for an answer to a static call', async () => {
    const { context, asked } = made({ staticCall: { outPort: 'out' } });
    assert.equal(await context.response({}), null);
    assert.deepEqual(asked, []);
});

test('the webhook address knows the message', () => {
    assert.equal(made().context.getWebhookUrl(), 'http://e/flows/f/components/c');
    assert.equal(made().context.getWebhookUrl({ correlationId: 'x y', inPortName: 'in' }),
        'http://e/flows/f/components/c?correlationId=x%20y&correlationInPort=in');
});

test('what is not there says so, and what everybody asks does not', async () => {
    const { context } = made();
    assert.throws(() => context.archiveFile('x'), /context\.archiveFile is not supported/);
    assert.throws(() => context.store.aggregate(), /context\.store\.aggregate/);
    assert.throws(() => context.flow.saveState(), /context\.flow\.saveState/);
    assert.equal('http' in context, false);
    assert.equal(await (async () => context)(), context);
    context.own = 1;
    assert.equal(context.own, 1);
});

test('new items are told from known ones', () => {
    const { context } = made();
    const run = known => {
        const [current, fresh] = [[], []];
        [{ id: 1 }, { id: 2 }].forEach(context.utils.processItem.bind(null, known, current, fresh, item => item.id));
        return [current, fresh];
    };
    assert.deepEqual(run(null), [[1, 2], []]);
    assert.deepEqual(run(new Set([1])), [[1, 2], [{ id: 2 }]]);
});
