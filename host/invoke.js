/** Runs a method of a component, or of a plugin, from beginning to end. */

'use strict';

const { tooBig } = require('./errors');
const loader = require('./loader');
const plugin = require('./plugin');
const quota = require('./quota');
const { Run } = require('./run');

/** Methods that a component may do without. */
const OPTIONAL = new Set(['start', 'stop', 'tick', 'signal']);

/** What a static call gives: what was sent to its port, through the function that it names. */
function resultOf(run, component, invocation) {

    const { outPort, transform } = run.given.staticCall;
    const sent = run.collected[outPort] ?? [];
    const content = sent.length > 1 ? sent : sent[0];
    const [, file, name] = /^(?:\.\/)?([^#]+?)(?:\.js)?#(.+)$/.exec(transform ?? '') ?? [];
    if (!name) return content;
    const source = file === invocation.type.split('.').at(-1) ? component : loader.sibling(invocation, file);
    if (typeof source[name] !== 'function') throw new TypeError(`${transform}: there is no such function.`);
    return source[name](content);
}

/** Resolves with the value of a static call; throws what the component throws. */
async function invoke(id, invocation, server, warn) {

    const { method } = invocation;
    if (method === 'quota') return quota.read(invocation);
    if (plugin.has(method)) return plugin.invoke(id, invocation, server, warn);
    const component = loader.load(invocation);
    if (method === 'load') return undefined;
    if (typeof component[method] !== 'function') {
        if (OPTIONAL.has(method)) return undefined;
        throw new TypeError(`${invocation.type} has no method "${method}".`);
    }
    // Some components ask the environment where the engine is.
    process.env.APPMIXER_API_URL ??= invocation.context.apiUrl ?? '';
    const manifest = loader.manifestOf(invocation);
    const run = new Run({ id, invocation, manifest, server, warn });
    try {
        // Only now: it takes longer to load than Node to start, and a process that tries components does without.
        await component[method](require('./context').createContext(run));
        await run.settle();
    } finally {
        run.close();
    }
    if (!run.collected) return undefined;
    const value = await resultOf(run, component, invocation);
    const bytes = Buffer.byteLength(JSON.stringify(value) ?? '');
    if (bytes > run.limit) throw tooBig(`What ${invocation.type} gives`, bytes, run.limit);
    return value;
}

module.exports = { invoke };
