'use strict';

const assert = require('node:assert/strict');
const { PassThrough } = require('node:stream');
const test = require('node:test');
const { encode, read } = require('../frames');

test('frames come out whole, however they are cut', () => {
    const values = [{ a: 1 }, { text: 'Jiří ✓'.repeat(1000) }, null, [1, 2]];
    const bytes = Buffer.concat(values.map(encode));
    for (const size of [1, 3, 1000, bytes.length]) {
        const stream = new PassThrough();
        const seen = [];
        read(stream, value => seen.push(value));
        for (let at = 0; at < bytes.length; at += size) stream.emit('data', bytes.subarray(at, at + size));
        assert.deepEqual(seen, values);
    }
});
