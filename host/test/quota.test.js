'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { read } = require('../quota');

/** What is read of a module with these files. */
function rules(files, manager, folder = 'acme/pay/core/Send') {

    const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'quota-')));
    for (const [name, text] of Object.entries(files)) {
        fs.mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
        fs.writeFileSync(path.join(root, name), text);
    }
    try {
        return read({ root, folder, context: { manager } });
    } finally {
        fs.rmSync(root, { recursive: true });
    }
}

const one = limit => `module.exports = { rules: [{ limit: ${limit}, window: 1000 * 60 }] };`;

test('the manager names the folder, else the nearest file holds', () => {
    const files = { 'acme/pay/quota.js': one(1), 'acme/pay/core/quota.js': one(2), 'acme/pay/other/quota.js': one(3) };
    const limit = manager => rules(files, manager).rules[0].limit;
    assert.deepEqual(['acme:pay', 'acme:pay:other', 'acme.pay', 'pay', undefined, '../..'].map(limit), [1, 3, 1, 2, 2, 2]);
    assert.equal(rules({}, 'acme:pay'), null);
});

test('a rule becomes plain numbers', () => {
    const code = `const day = 24 * 3600 * 1000;
        module.exports = { rules: [
            { limit: 3, window: 1000, throttling: 'window-sliding', queueing: 'fifo', resource: 'send', scope: 'userId' },
            { limit: 5, throttling: 'limit-concurrency' },
            { limit: '7', throttling: { type: 'window-fixed', getStartOfNextWindow: () => new Date(9 * day) } }
        ] };`;
    assert.deepEqual(rules({ 'acme/pay/quota.js': code }, 'acme:pay').rules, [
        { throttling: 'window-sliding', limit: 3, scope: ['userId'], resource: 'send', window: 1000 },
        { throttling: 'limit-concurrency', limit: 5, scope: [] },
        { throttling: 'window-fixed', limit: 7, scope: [], window: undefined, until: 777600000 }
    ]);
});

test('what cannot be kept to is named', () => {
    const message = rule => {
        try {
            rules({ 'acme/pay/quota.js': `module.exports = { rules: [${rule}] };` }, 'acme:pay');
            return 'read';
        } catch (err) {
            return err.message;
        }
    };
    assert.match(message('{ window: 1 }'), /acme\/pay\/quota\.js: rule 1 has no limit/);
    assert.match(message('{ limit: 1 }'), /no window/);
    assert.match(message('{ limit: 1, window: 1, throttling: "shrug" }'), /shrug/);
    assert.match(message('null'), /no limit/);
});
