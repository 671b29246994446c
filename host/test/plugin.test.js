'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { HttpError } = require('../plugin/http-error');
const { plainQuery } = require('../plugin/model');
const { queryBuilder } = require('../plugin/query-builder');
const { requestOf } = require('../plugin/request');
const { Resident } = require('../plugin/resident');

const asked = (body, type) => ({
    method: 'POST', path: '/plugins/a/b/x', query: 'a=1&b=2&b=3', params: {}, headers: { 'content-type': type },
    hostname: 'h', address: '::1', body: Buffer.from(body).toString('base64'), user: null
});

test('a body is read as its type says, unless the route wants it as it came', async () => {
    const payload = async (body, type, settings = {}) => (await requestOf({ settings }, asked(body, type))).payload;
    assert.deepEqual(await payload('{"a":1}', 'application/json; charset=utf-8'), { a: 1 });
    assert.deepEqual(await payload('a=1&a=2&c=x+y', 'application/x-www-form-urlencoded'), { a: ['1', '2'], c: 'x y' });
    assert.equal(await payload('text', 'text/plain'), 'text');
    assert.equal(await payload('', 'application/json'), null);
    assert.deepEqual(await payload('{', 'application/json', { payload: { parse: false } }), Buffer.from('{'));
    await assert.rejects(payload('x', 'image/png'), err => err.output.statusCode === 415);
    await assert.rejects(payload('{', undefined), err => err.output.statusCode === 400);
    const { query, url, method } = await requestOf({ settings: {} }, asked('', 'text/plain'));
    assert.deepEqual([query, url.pathname, method], [{ a: '1', b: ['2', '3'] }, '/plugins/a/b/x', 'post']);
});

test('queries come out of what a route was asked with', () => {
    const base = queryBuilder.createBase({ filter: 'status:done,title:~a.b', sort: 'created:-1,title:1', limit: '5', offset: '' });
    assert.deepEqual(base, {
        selector: { status: 'done', title: { $regex: 'a\\.b', $options: 'i' } },
        limit: 5, offset: undefined, sort: { created: -1, title: 1 }, projection: undefined
    });
    assert.deepEqual(queryBuilder.addSelector({ a: 1 }, 'a', 2), { a: 1, $and: [{ a: 2 }] });
    assert.deepEqual(plainQuery({ a: /^x/gi, at: { $lt: new Date(0) } }),
        { a: { $regex: '^x', $options: 'i' }, at: { $lt: '1970-01-01T00:00:00.000Z' } });
});

test('a route says whom it wants', () => {
    const plugin = new Resident({ id: 1, invocation: { type: 'a.b', context: {} }, server: {}, warn: () => {} });
    const handler = () => null;
    for (const auth of [false, undefined, 'jwt-strategy', { strategies: ['jwt-strategy', 'public'] }, { mode: 'try' }]) {
        plugin.route({ method: ['GET', 'post'], path: '/x', options: { auth, handler } });
    }
    const { routes } = plugin.registered();
    assert.deepEqual(routes.map(({ auth }) => auth), ['none', 'required', 'required', 'optional', 'optional']);
    assert.deepEqual(routes[0].methods, ['GET', 'POST']);
    assert.throws(() => plugin.route({ method: 'GET', path: '/x' }), /has no handler/);
    assert.throws(() => HttpError.madeUp, /context\.http\.HttpError\.madeUp/);
});
