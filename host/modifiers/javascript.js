/** A flow's own JavaScript, in a bare context: it sees `$variable` and nothing of the worker. */

'use strict';

const vm = require('node:vm');

const TIMEOUT_MS = 1000;

/** The code may be an expression, a function, or the body of one. */
const SHAPES = [code => `return (${code}\n);`, code => code];

function script(code) {

    for (const [index, shape] of SHAPES.entries()) {
        const body = `(($variable) => {${shape(code)}\n})`;
        try {
            // Only values that have gone through JSON pass the border, in both directions.
            return new vm.Script(`{
                const input = json === undefined ? undefined : JSON.parse(json);
                let result = ${body}(input);
                if (typeof result === 'function') result = result(input);
                JSON.stringify(result);
            }`);
        } catch (err) {
            if (index === SHAPES.length - 1) throw err;
        }
    }
}

function g_javascript(value, [code]) {

    const context = vm.createContext(Object.assign(Object.create(null), { json: JSON.stringify(value) }), {
        codeGeneration: { strings: false, wasm: false }, microtaskMode: 'afterEvaluate'
    });
    const result = script(String(code)).runInContext(context, { timeout: TIMEOUT_MS });
    return result === undefined ? undefined : JSON.parse(result);
}

module.exports = { g_javascript };
