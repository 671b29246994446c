'use strict';

/**
 * Regular expressions written by the people who build flows.
 *
 * A careless pattern can need more time than the universe has, so every pattern runs in
 * a V8 context of its own with a time limit. Only JSON text crosses the border.
 */

const vm = require('node:vm');

const MAX_PATTERN = 2000;
const MAX_TEXT = 2_000_000;
const TIME_LIMIT_MS = 1000;

const program = new vm.Script(`(() => {
    const { kind, pattern, flags, texts, replacement, limit } = JSON.parse(job);
    const re = new RegExp(pattern, flags);
    if (kind === 'test') return JSON.stringify(texts.map(text => { re.lastIndex = 0; return re.test(text); }));
    const text = texts[0];
    if (kind === 'replace') {
        let count = 0;
        const counter = new RegExp(pattern, flags);
        if (flags.includes('g')) for (const found of text.matchAll(counter)) count++;
        else if (counter.test(text)) count = 1;
        return JSON.stringify({ text: text.replace(re, replacement), count });
    }
    if (kind === 'split') return JSON.stringify(text.split(re).map(part => part === undefined ? '' : part));
    const matches = [];
    for (const m of text.matchAll(re)) {
        if (matches.length >= limit) break;
        matches.push({ match: m[0], index: m.index, groups: m.slice(1).map(g => g === undefined ? '' : g), named: { ...m.groups } });
    }
    return JSON.stringify(matches);
})()`);

function run(context, job) {

    const cancel = message => { throw new context.CancelError(message); };
    if (!job.pattern) cancel('The pattern is empty.');
    if (job.pattern.length > MAX_PATTERN) cancel(`The pattern is longer than ${MAX_PATTERN} characters.`);
    if (job.texts.reduce((sum, text) => sum + text.length, 0) > MAX_TEXT) {
        cancel(`The text is longer than ${MAX_TEXT} characters, too long for a pattern.`);
    }
    try {
        return JSON.parse(program.runInContext(vm.createContext({ job: JSON.stringify(job) }), { timeout: TIME_LIMIT_MS }));
    } catch (err) {
        if (err.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
            cancel('The pattern took longer than a second. Patterns such as (a+)+ have too many ways to match.');
        }
        if (err.name === 'SyntaxError') cancel(`The pattern is not valid: ${err.message}`);
        throw err;
    }
}

/** For each text, whether the pattern matches somewhere in it. */
exports.testAll = (context, pattern, flags, texts) => run(context, { kind: 'test', pattern, flags, texts });

/** `{ text, count }`; `$1`, `$<name>` and `$&` work in the replacement. */
exports.replace = (context, pattern, flags, text, replacement) =>
    run(context, { kind: 'replace', pattern, flags, texts: [text], replacement });

/** The parts between the matches; groups of the pattern are parts too, as in JavaScript. */
exports.split = (context, pattern, flags, text) => run(context, { kind: 'split', pattern, flags, texts: [text] });

/** `[{ match, index, groups, named }]`, at most `limit` of them. */
exports.matches = (context, pattern, flags, text, limit) =>
    run(context, { kind: 'matches', pattern, flags: flags + 'g', texts: [text], limit });
