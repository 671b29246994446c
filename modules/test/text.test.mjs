import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Component, cancels } from './context.mjs';

const run = (name, content) => new Component(`text.${name}`).out(content);
const evil = { text: 'a'.repeat(50) + '!', pattern: '^(a|a)*$' };

describe('Replace', () => {

    it('takes plain text literally, on both sides', async () => {
        assert.deepEqual(await run('Replace', { text: 'a.b.c', search: '.', replacement: '$&-' }), { text: 'a$&-b$&-c', count: 2 });
        assert.deepEqual(await run('Replace', { text: 'a.b.c', search: '.', replacement: '', all: false }), { text: 'ab.c', count: 1 });
        assert.deepEqual(await run('Replace', { text: 'Cat cat', search: 'CAT', replacement: 'dog', caseSensitive: false }), { text: 'dog dog', count: 2 });
    });

    it('uses patterns and their groups when asked to', async () => {
        assert.deepEqual(await run('Replace', { text: '2024-05-06', search: '(\\d+)-(\\d+)-(\\d+)', replacement: '$3.$2.$1', pattern: true }), { text: '06.05.2024', count: 1 });
        assert.deepEqual(await run('Replace', { text: 'aaa', search: 'a', replacement: 'b', pattern: true, all: false }), { text: 'baa', count: 1 });
    });

    it('survives a pattern with too many ways to match', () => cancels(run('Replace', { text: evil.text, search: evil.pattern, pattern: true }), /longer than a second/));
});

describe('Split', () => {

    it('splits at a separator, lines, white space or a pattern', async () => {
        assert.deepEqual(await run('Split', { text: ' a, b ,,c' }), { parts: ['a', 'b', 'c'], count: 3, first: 'a', last: 'c' });
        assert.deepEqual((await run('Split', { text: 'a,,b', skipEmpty: false })).parts, ['a', '', 'b']);
        assert.deepEqual((await run('Split', { text: 'a\r\nb\nc', by: 'lines' })).parts, ['a', 'b', 'c']);
        assert.deepEqual((await run('Split', { text: ' a  b\tc ', by: 'whitespace' })).parts, ['a', 'b', 'c']);
        assert.deepEqual((await run('Split', { text: 'a1b22c', by: 'pattern', separator: '\\d+' })).parts, ['a', 'b', 'c']);
    });

    it('gives nothing for an empty text', async () => {
        assert.deepEqual(await run('Split', { text: '' }), { parts: [], count: 0, first: '', last: '' });
    });
});

describe('Fill template', () => {

    const data = { name: 'Ann & Bob', order: { items: [{ title: 'Tea' }], total: 12.5 } };

    it('fills paths, defaults and escapes', async () => {
        assert.deepEqual(await run('Template', { template: '${name}: ${order.items[0].title}, ${order.total} ${currency|EUR} $${x}', data }),
            { text: 'Ann & Bob: Tea, 12.5 EUR ${x}', missing: [] });
        assert.equal((await run('Template', { template: '<b>${name}</b>', data, escape: 'html' })).text, '<b>Ann &amp; Bob</b>');
        assert.equal((await run('Template', { template: '?q=${name}', data: JSON.stringify(data), escape: 'url' })).text, '?q=Ann%20%26%20Bob');
        assert.equal((await run('Template', { template: '${order.items}', data })).text, '[{"title":"Tea"}]');
    });

    it('names missing places and does with them as told', async () => {
        assert.deepEqual(await run('Template', { template: 'a${x}b', data }), { text: 'ab', missing: ['x'] });
        assert.equal((await run('Template', { template: 'a${x}b', data, missing: 'keep' })).text, 'a${x}b');
        await cancels(run('Template', { template: 'a${x}b', data, missing: 'fail' }), /no value for x/);
    });

    it('does not reach into prototypes', async () => {
        assert.equal((await run('Template', { template: '${constructor.name}${name.length}${__proto__}', data })).text, '');
    });
});

describe('Change case', () => {

    for (const [style, expected] of Object.entries({
        upper: 'PARSE HTTPANSWER: ÉTÉ 2', lower: 'parse httpanswer: été 2', title: 'Parse Httpanswer: Été 2', sentence: 'Parse httpanswer: été 2',
        camel: 'parseHttpAnswerÉté2', pascal: 'ParseHttpAnswerÉté2', snake: 'parse_http_answer_été_2', kebab: 'parse-http-answer-été-2', slug: 'parse-httpanswer-ete-2'
    })) it(style, async () => assert.equal((await run('ChangeCase', { text: 'parse HTTPAnswer: été 2', style })).text, expected));

    it('follows the language and writes slugs of special letters', async () => {
        assert.equal((await run('ChangeCase', { text: 'i', style: 'upper', locale: 'tr' })).text, 'İ');
        assert.equal((await run('ChangeCase', { text: 'Straße Łódź, Ærø!', style: 'slug' })).text, 'strasse-lodz-aero');
        assert.equal((await run('ChangeCase', { text: 'ONE. two', style: 'sentence' })).text, 'One. Two');
    });
});

describe('Match', () => {

    it('gives matches with groups', async () => {
        const result = await run('Match', { text: 'ann@a.example, bob@b.example', pattern: '(\\w+)@(?<host>\\S+?)(,|$)' });
        assert.equal(result.match, 'ann@a.example,');
        assert.deepEqual(result.groups, ['ann', 'a.example', ',']);
        assert.deepEqual(result.named, { host: 'a.example' });
        assert.deepEqual(result.matches.map(({ index }) => index), [0, 15]);
    });

    it('stops at the limit and goes to none without a match', async () => {
        assert.equal((await run('Match', { text: 'aaaa', pattern: 'a', limit: 3 })).count, 3);
        const [sent] = await new Component('text.Match').receive({ text: 'x', pattern: 'y' });
        assert.equal(sent.port, 'none');
    });

    it('reads ^ and $ at lines if asked to', async () => {
        assert.equal((await run('Match', { text: 'a\nb', pattern: '^b$', multiline: true })).match, 'b');
    });

    it('refuses broken and endless patterns', async () => {
        await cancels(run('Match', { text: 'x', pattern: '(' }), /not valid/);
        await cancels(run('Match', evil), /longer than a second/);
        await cancels(run('Match', { text: 'x'.repeat(2000001), pattern: 'y' }), /too long/);
    });
});

describe('Shorten', () => {

    it('cuts at a word and counts the ending', async () => {
        assert.deepEqual(await run('Shorten', { text: 'The quick brown fox', length: 12 }), { text: 'The quick…', shortened: true });
        assert.deepEqual(await run('Shorten', { text: 'The quick brown fox', length: 12, words: false, ending: '...' }), { text: 'The quick...', shortened: true });
        assert.deepEqual(await run('Shorten', { text: 'The quick', length: 9 }), { text: 'The quick', shortened: false });
        assert.equal((await run('Shorten', { text: 'The quick brown', length: 10 })).text, 'The quick…');
    });

    it('keeps what a reader sees as one character whole', async () => {
        assert.equal((await run('Shorten', { text: '👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧', length: 2 })).text, '👩‍👩‍👧…');
    });
});

describe('Encode', () => {

    for (const [method, back, text, coded] of [
        ['base64', 'fromBase64', 'žluť', 'xb5sdcWl'], ['hex', 'fromHex', 'žA', 'c5be41'], ['url', 'fromUrl', 'a b&ž', 'a%20b%26%C5%BE'],
        ['html', 'fromHtml', '<a href="x">\'&', '&lt;a href=&quot;x&quot;&gt;&#39;&amp;']
    ]) it(`${method} and back`, async () => {
        assert.equal((await run('Encode', { text, method })).text, coded);
        assert.equal((await run('Encode', { text: coded, method: back })).text, text);
    });

    it('hashes', async () => {
        assert.equal((await run('Encode', { text: 'abc', method: 'md5' })).text, '900150983cd24fb0d6963f7d28e17f72');
        assert.equal((await run('Encode', { text: 'abc', method: 'sha256' })).text, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    });

    it('refuses what cannot be decoded', async () => {
        await cancels(run('Encode', { text: 'a$b', method: 'fromBase64' }), /not Base64/);
        await cancels(run('Encode', { text: 'abc', method: 'fromHex' }), /not hexadecimal/);
        await cancels(run('Encode', { text: '/w==', method: 'fromBase64' }), /UTF-8/);
        await cancels(run('Encode', { text: '%zz', method: 'fromUrl' }), /cannot be coded/);
    });
});
