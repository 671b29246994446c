import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { describe, it } from 'node:test';
import { Component, World, cancels, fails, serve } from './context.mjs';

const request = (content, options) => new Component('http.Request', options).out(content);

describe('Send request', () => {

    it('sends method, query, headers and a JSON body, and parses the answer', async t => {
        const server = await serve(t, ({ body }) => ({ status: 201, headers: { 'x-test': 'yes' }, body: { got: JSON.parse(body) } }));
        const answer = await request({
            method: 'POST', url: `${server.url}/a?x=1`, query: '{"y":["2","ž"],"z":null}', headers: { 'X-Key': 'k' }, bodyType: 'json', body: { a: [1] }
        });
        assert.equal(answer.status, 201);
        assert.deepEqual(answer.body, { got: { a: [1] } });
        assert.equal(answer.headers['x-test'], 'yes');
        const [seen] = server.requests;
        assert.deepEqual([seen.method, seen.url, seen.headers['x-key'], seen.headers['content-type']], ['POST', '/a?x=1&y=2&y=%C5%BE', 'k', 'application/json']);
    });

    it('sends forms and text', async t => {
        const server = await serve(t, () => ({ headers: { 'content-type': 'text/plain; charset=iso-8859-2' }, body: Buffer.from([0xbe, 0x6c, 0x75, 0xbb]) }));
        assert.equal((await request({ method: 'POST', url: server.url, bodyType: 'form', body: { a: '1 2', b: ['x', 'y'] } })).body, 'žluť');
        await request({ method: 'PUT', url: server.url, bodyType: 'text', body: 'ahoj', headers: '{"Content-Type":"text/markdown"}' });
        assert.deepEqual(server.requests.map(({ headers, body }) => [headers['content-type'], body]), [
            ['application/x-www-form-urlencoded', 'a=1+2&b=x&b=y'], ['text/markdown', 'ahoj']
        ]);
    });

    it('gives bytes as Base64 and broken JSON as text', async t => {
        const server = await serve(t, ({ path }) => path === '/png'
            ? { headers: { 'content-type': 'image/png' }, body: Buffer.from([1, 2, 255]) }
            : { headers: { 'content-type': 'application/problem+json' }, body: '{broken' });
        assert.equal((await request({ url: `${server.url}/png` })).body, 'AQL/');
        assert.equal((await request({ url: server.url })).body, '{broken');
    });

    it('fails for good on 4xx, for a retry on 5xx and 429, or passes the status on', async t => {
        const server = await serve(t, ({ path }) => ({ status: Number(path.slice(1)), body: 'no' }));
        await cancels(request({ url: `${server.url}/404` }), /status 404/);
        await fails(request({ url: `${server.url}/503` }), /status 503/);
        await fails(request({ url: `${server.url}/429` }), /status 429/);
        assert.equal((await request({ url: `${server.url}/404`, failOnError: false })).status, 404);
    });

    it('follows redirects, keeps credentials at home and turns POST into GET', async t => {
        const other = await serve(t, () => ({ body: 'there' }));
        const server = await serve(t, ({ path }) => path === '/far'
            ? { status: 302, headers: { location: other.url } }
            : { status: 307, headers: { location: '/far' } });
        const answer = await request({ method: 'POST', url: `${server.url}/a`, headers: { Authorization: 'Bearer s', 'X-Other': '1' }, bodyType: 'json', body: { a: 1 } });
        assert.equal(answer.body, 'there');
        assert.equal(answer.url, `${other.url}/`);
        assert.deepEqual(server.requests.map(({ method, headers, body }) => [method, headers.authorization, body]), [['POST', 'Bearer s', '{"a":1}'], ['POST', 'Bearer s', '{"a":1}']]);
        const [seen] = other.requests;
        assert.deepEqual([seen.method, seen.headers.authorization, seen.headers['x-other'], seen.headers['content-type'], seen.body], ['GET', undefined, '1', undefined, '']);
    });

    it('does not go round in circles, or follow at all when told not to', async t => {
        const server = await serve(t, () => ({ status: 301, headers: { location: '/again' } }));
        await cancels(request({ url: server.url }), /redirects more than 5/);
        assert.equal(server.requests.length, 6);
        assert.equal((await request({ url: server.url, followRedirects: false })).status, 301);
    });

    it('respects the hosts that the administrator allows, also after a redirect', async t => {
        const server = await serve(t, () => ({ status: 302, headers: { location: 'http://internal.example/secret' } }));
        await cancels(request({ url: server.url }, { config: { allowedHosts: 'api.example.com, *.example.org' } }), /does not allow requests to 127\.0\.0\.1/);
        assert.equal(server.requests.length, 0);
        await cancels(request({ url: server.url }, { config: { allowedHosts: '127.0.0.1' } }), /does not allow requests to internal\.example/);
        await cancels(request({ url: 'http://badexample.org' }, { config: { allowedHosts: '*.example.org' } }), /does not allow/);
    });

    it('gives up after the time-out without telling the URL', async t => {
        const server = await serve(t, () => new Promise(resolve => { setTimeout(() => resolve({}), 3000).unref(); }));
        const started = Date.now();
        await fails(request({ url: `${server.url}/?token=secret`, timeout: 1 }), /^127\.0\.0\.1:\d+ did not answer within 1 seconds\.$/);
        assert.ok(Date.now() - started < 2500);
    });

    it('refuses answers that are too large, bad addresses and headers that break out', async t => {
        const server = await serve(t, () => ({ body: Buffer.alloc(10_000_001) }));
        await cancels(request({ url: server.url }), /larger than 10000000/);
        for (const url of ['', 'nonsense', 'file:///etc/passwd', 'ftp://example.com']) await cancels(request({ url: url || ' ' }), /http/);
        await cancels(request({ url: server.url, headers: { 'X-A': 'a\r\nX-B: b' } }), /line break/);
        await cancels(request({ url: server.url, headers: { 'X A': 'a' } }), /cannot be the name/);
        await cancels(request({ url: server.url, bodyType: 'json', body: '{no' }), /not valid JSON/);
    });

    it('fails for a retry when nobody answers', async () => {
        await fails(request({ url: 'http://127.0.0.1:1/' }), /failed \(ECONNREFUSED\)/);
    });
});

describe('Download file', () => {

    it('keeps the bytes under the name that the server gives', async t => {
        const bytes = crypto.randomBytes(5000);
        const names = ['attachment; filename="plain.pdf"; filename*=UTF-8\'\'%C5%BElu%C5%A5.pdf', 'attachment; filename="../../etc/passwd"', undefined];
        const server = await serve(t, () => {
            const name = names.shift();
            return { headers: { 'content-type': 'application/pdf', ...(name ? { 'content-disposition': name } : {}) }, body: bytes };
        });
        const world = new World();
        const results = [];
        for (let i = 0; i < 3; i++) results.push(await new Component('http.Download', { world }).out({ url: `${server.url}/files/a%20b.pdf?x=1` }));
        assert.deepEqual(results.map(({ filename }) => filename), ['žluť.pdf', 'passwd', 'a b.pdf']);
        assert.deepEqual(world.file(results[0].fileId).bytes, bytes);
        assert.deepEqual([results[0].size, results[0].contentType], [5000, 'application/pdf']);
        assert.equal(results[0].sha256, crypto.createHash('sha256').update(bytes).digest('hex'));
    });

    it('refuses a file that is too large and keeps nothing', async t => {
        const server = await serve(t, () => ({ body: Buffer.alloc(3000) }));
        const world = new World();
        await cancels(new Component('http.Download', { world }).out({ url: server.url, maxMegabytes: 0.002 }), /larger than 2000 bytes/);
        assert.equal(world.files.size, 0);
    });
});

describe('On request', () => {

    const data = { event: 'push', text: 'žluť' };
    const sign = (text, secret = 's3cret', algorithm = 'sha256', encoding = 'hex') => crypto.createHmac(algorithm, secret).update(text).digest(encoding);

    it('passes the request on and answers 202, or leaves the answer to Respond', async () => {
        const trigger = new Component('http.OnRequest');
        await trigger.start();
        assert.match(JSON.stringify(trigger.logs), /\/flows\/flow-1\/components\/http\.OnRequest/);
        const [sent] = await trigger.webhook({ method: 'PUT', data, query: { a: '1' }, headers: { 'x-a': 'b' } });
        assert.deepEqual(sent.content, { method: 'PUT', data, query: { a: '1' }, headers: { 'x-a': 'b' }, hostname: 'engine.example', verified: false });
        assert.deepEqual(trigger.responses.map(({ status }) => status), [202]);

        const later = new Component('http.OnRequest', { properties: { answer: 'later' } });
        assert.equal((await later.webhook({ data })).length, 1);
        assert.deepEqual(later.responses, []);
    });

    it('answers other methods with 405', async () => {
        const trigger = new Component('http.OnRequest', { properties: { methods: ['POST'] } });
        assert.deepEqual(await trigger.webhook({ method: 'GET' }), []);
        assert.deepEqual([trigger.responses[0].status, trigger.responses[0].headers], [405, { allow: 'POST' }]);
    });

    for (const [title, properties, headers, content] of [
        ['hexadecimal with a prefix', {}, { 'X-Hub-Signature-256': `sha256=${sign(JSON.stringify(data))}` }],
        ['Base64 in a header of its own', { signatureHeader: 'X-Sign', algorithm: 'sha512' }, { 'x-sign': sign(JSON.stringify(data), 's3cret', 'sha512', 'base64') }],
        ['text bodies', {}, { 'x-hub-signature-256': sign('plain text') }, { data: 'plain text' }],
        ['raw bytes where the engine has them', {}, { 'x-hub-signature-256': sign('{ "event": "push" }') }, { data: { event: 'push' }, rawBody: '{ "event": "push" }' }]
    ]) it(`accepts a good signature: ${title}`, async () => {
        const trigger = new Component('http.OnRequest', { properties: { secret: 's3cret', ...properties } });
        const [sent] = await trigger.webhook({ data, headers, ...content });
        assert.equal(sent.content.verified, true);
        assert.equal(trigger.responses[0].status, 202);
    });

    for (const [title, headers] of [
        ['none', {}], ['of another secret', { 'x-hub-signature-256': sign(JSON.stringify(data), 'other') }], ['of another body', { 'x-hub-signature-256': sign('{}') }],
        ['cut short', { 'x-hub-signature-256': sign(JSON.stringify(data)).slice(0, 10) }], ['nonsense', { 'x-hub-signature-256': 'sha256=%%%' }], ['twice', { 'x-hub-signature-256': ['a', 'b'] }]
    ]) it(`refuses a signature: ${title}`, async () => {
        const trigger = new Component('http.OnRequest', { properties: { secret: 's3cret' } });
        assert.deepEqual(await trigger.webhook({ data, headers }), []);
        assert.deepEqual(trigger.responses.map(({ status }) => status), [401]);
        assert.doesNotMatch(JSON.stringify([trigger.responses, trigger.logs]), /s3cret/);
    });

    it('checks the timestamp against replays', async () => {
        const properties = { secret: 's3cret', timestampHeader: 'X-Time' };
        const at = async seconds => {
            const trigger = new Component('http.OnRequest', { properties });
            const time = String(Math.floor(Date.now() / 1000) + seconds);
            await trigger.webhook({ data, headers: { 'x-time': time, 'x-hub-signature-256': sign(`${time}.${JSON.stringify(data)}`) } });
            return trigger.responses[0].status;
        };
        assert.deepEqual([await at(0), await at(-290), await at(-400), await at(400)], [202, 202, 401, 401]);
        const trigger = new Component('http.OnRequest', { properties });
        await trigger.webhook({ data, headers: { 'x-hub-signature-256': sign(JSON.stringify(data)) } });
        assert.equal(trigger.responses[0].status, 401);
    });
});

describe('Respond', () => {

    it('answers with status, body and headers', async () => {
        const respond = new Component('http.Respond');
        assert.deepEqual(await respond.out({ status: 404, body: 'none', headers: { 'X-A': '1' } }), { status: 404, body: 'none' });
        await respond.out({});
        assert.deepEqual(respond.responses, [{ body: 'none', status: 404, headers: { 'x-a': '1' } }, { body: {}, status: 200, headers: {} }]);
    });

    it('refuses headers that break out or belong to the engine', async () => {
        const respond = new Component('http.Respond');
        await cancels(respond.receive({ headers: { 'X-A': 'a\nSet-Cookie: b' } }), /line break/);
        await cancels(respond.receive({ headers: { 'Content-Length': '1' } }), /set by the engine/);
        assert.deepEqual(respond.responses, []);
    });
});
