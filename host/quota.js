/** The rules of a module's `quota.js`, as the server counts by them. */

'use strict';

const fs = require('node:fs');
const path = require('node:path');
const loader = require('./loader');

const NAME = 'quota.js';

/** Longest window, in milliseconds: ten years. */
const WINDOW = 10 * 366 * 24 * 3600 * 1000;
const LIMIT = 2 ** 31;

/** The file of the folder that the manager names; else the nearest one, from the component's folder upwards. */
function fileOf({ root, folder }, manager) {

    const named = String(manager ?? '').split(/[:.]/).filter(Boolean);
    const places = [named.join('/')];
    for (let place = folder; ; place = path.posix.dirname(place)) {
        places.push(place);
        if (place === '.' || place === '/') break;
    }
    const files = places.map(place => path.join(root, place, NAME));
    return files.find(file => file.startsWith(root + path.sep) && fs.existsSync(file));
}

function whole(value, most) {

    const number = Math.floor(Number(value));
    return number >= 1 && number <= most ? number : undefined;
}

/** A rule in plain numbers; `wrong` makes the error for one that says nothing that can be kept to. */
function ruleOf(rule, wrong) {

    const { throttling = 'window-sliding', resource, scope } = rule ?? {};
    const type = typeof throttling === 'string' ? throttling : throttling?.type;
    const made = { throttling: type, limit: whole(rule?.limit, LIMIT), scope: [].concat(scope ?? []).map(String) };
    if (made.limit === undefined) throw wrong('has no limit of at least 1');
    if (typeof resource === 'string') made.resource = resource;
    if (type === 'limit-concurrency') return made;
    if (type !== 'window-sliding' && type !== 'window-fixed') throw wrong(`has the unknown throttling ${JSON.stringify(type)}`);
    made.window = whole(rule.window, WINDOW);
    if (type === 'window-fixed' && typeof throttling.getStartOfNextWindow === 'function') {
        made.until = whole(throttling.getStartOfNextWindow(), Number.MAX_SAFE_INTEGER);
        if (made.until === undefined) throw wrong('does not say when its next window begins');
    } else if (made.window === undefined) {
        throw wrong('has no window in milliseconds');
    }
    return made;
}

/** `{rules}`, or nothing where the module has no such file. */
function read(invocation) {

    const file = fileOf(invocation, invocation.context?.manager);
    if (!file) return null;
    const where = path.relative(invocation.root, file);
    const { rules } = loader.requireFrom(invocation.root)(file) ?? {};
    if (!Array.isArray(rules)) throw new TypeError(`${where} exports no list of rules.`);
    return { rules: rules.map((rule, at) => ruleOf(rule, what => new Error(`${where}: rule ${at + 1} ${what}.`))) };
}

module.exports = { read };
