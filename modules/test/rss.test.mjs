import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { Component, cancels, fails, serve } from './context.mjs';

const require = createRequire(import.meta.url);
const feeds = require('../stockroom/rss/lib/feed.js');
const xml = require('../stockroom/rss/lib/xml.js');

const item = n => `<item><guid isPermaLink="false">id-${n}</guid><title>Entry ${n}</title><link>/e/${n}</link>`
    + `<pubDate>Mon, 0${n} Jan 2024 10:00:00 GMT</pubDate><description>&lt;p&gt;Text &amp;amp; more ${n}&lt;/p&gt;</description></item>`;
const rss = (...numbers) => `<?xml version="1.0"?><rss version="2.0"><channel><title>News &amp; more</title><link>https://news.example/</link>${numbers.map(item).join('')}</channel></rss>`;

const minute = n => Date.parse('2024-05-06T10:00:00Z') + n * 60000;

describe('feeds', () => {

    it('RSS 2.0 with its extensions', () => {
        const feed = feeds.read(`<rss xmlns:dc="d" xmlns:content="c"><channel><title>T</title><description>About</description><item>
            <title><![CDATA[A <b>bold</b> title]]></title><link>https://x.example/1</link><guid>https://x.example/1</guid>
            <dc:creator>Ann</dc:creator><category>a</category><category><![CDATA[b & c]]></category>
            <content:encoded><![CDATA[<p>Full</p><script>alert(1)</script>]]></content:encoded><description>Short &#8211; text</description>
            <enclosure url="https://x.example/a.mp3" type="audio/mpeg" length="123"/><pubDate>Tue, 02 Jan 2024 10:00:00 +0100</pubDate>
        </item></channel></rss>`, 'https://x.example/feed');
        assert.deepEqual(feed, {
            title: 'T', description: 'About', link: '', entries: [{
                id: 'https://x.example/1', title: 'A bold title', link: 'https://x.example/1', published: '2024-01-02T09:00:00.000Z', author: 'Ann',
                summary: 'Short – text', content: '<p>Full</p><script>alert(1)</script>', categories: ['a', 'b & c'],
                enclosure: { url: 'https://x.example/a.mp3', type: 'audio/mpeg', length: 123 }
            }]
        });
    });

    it('Atom with all kinds of content', () => {
        const { title, link, entries } = feeds.read(`<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title type="html">A &amp;amp; B</title>
            <link rel="self" href="/feed"/><link href="/home"/><author><name>Team</name></author>
            <entry><id>urn:1</id><title>One</title><link rel="enclosure" href="/a.mp3" type="audio/mpeg" length="5"/><link rel="alternate" href="/1"/>
              <updated>2024-01-02T03:04:05Z</updated><content type="xhtml"><div xmlns="x"><p>Hi <b>you</b></p></div></content><category term="t" label="Tag"/></entry>
            <entry><id>urn:2</id><title>Two</title><published>2024-01-01T00:00:00+01:00</published><updated>2024-02-01T00:00:00Z</updated>
              <summary type="html">&lt;i&gt;S&lt;/i&gt;</summary><author><name>Bob</name></author></entry></feed>`, 'https://x.example/feed');
        assert.deepEqual([title, link], ['A & B', 'https://x.example/home']);
        assert.deepEqual(entries.map(({ id, link: url, published, author, summary, content }) => [id, url, published, author, summary, content]), [
            ['urn:1', 'https://x.example/1', '2024-01-02T03:04:05.000Z', 'Team', 'Hi you', '<p>Hi <b>you</b></p>'],
            ['urn:2', '', '2023-12-31T23:00:00.000Z', 'Bob', 'S', '<i>S</i>']
        ]);
        assert.deepEqual(entries[0].enclosure, { url: 'https://x.example/a.mp3', type: 'audio/mpeg', length: 5 });
        assert.deepEqual(entries[0].categories, ['Tag']);
    });

    it('RSS 1.0 with items beside the channel', () => {
        const feed = feeds.read('<rdf:RDF><channel rdf:about="c"><title>R</title></channel><item rdf:about="http://x/1"><title>One</title><link>http://x/1</link><dc:date>2024-01-02</dc:date></item></rdf:RDF>');
        assert.deepEqual(feed.entries.map(({ id, published }) => [id, published]), [['http://x/1', '2024-01-02T00:00:00.000Z']]);
    });

    it('feeds with mistakes in their XML', () => {
        const feed = feeds.read('<rss><channel><title>Q & A</title><item><title>1 < 2 &unknown; &copy;</title><br><guid>a</guid></item><item><guid>b</guid><title>Never closed</item></channel>');
        assert.deepEqual(feed.entries.map(({ id }) => id), ['a', 'b']);
        assert.equal(feed.title, 'Q & A');
        assert.equal(feed.entries[0].title, '1 < 2 &unknown; ©');
    });

    it('no entities of the document are expanded', () => {
        const bomb = `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><title>&b;&x;</title></channel></rss>`;
        assert.equal(feeds.read(bomb).title, '&b;&x;');
    });

    it('hostile documents are read or refused in good time', () => {
        const started = Date.now();
        for (const text of ['<a '.repeat(300000), '<!a>'.repeat(500000), '<a x="'.repeat(200000), '&'.repeat(1e6), `<a ${'x'.repeat(1e6)}>`, '<![CDATA['.repeat(200000)]) {
            try {
                xml.parse(text);
            } catch (err) {
                assert.ok(err instanceof RangeError);
            }
        }
        xml.stripHtml('<script>'.repeat(100000));
        xml.stripHtml('<a'.repeat(200000));
        assert.throws(() => xml.parse('<a>'.repeat(1000)), /too many levels/);
        assert.ok(Date.now() - started < 10000, `took ${Date.now() - started} ms`);
    });

    it('entries without an ID or a link are known by their content', () => {
        const read = title => feeds.read(`<rss><channel><item><title>${title}</title></item></channel></rss>`).entries[0].id;
        assert.equal(read('a'), read('a'));
        assert.notEqual(read('a'), read('b'));
    });

    it('other encodings are read', () => {
        const latin = '<?xml version="1.0" encoding="iso-8859-1"?><rss><channel><title>été</title></channel></rss>';
        assert.equal(feeds.read(feeds.decode(Buffer.from(latin, 'latin1'))).title, 'été');
        assert.equal(feeds.read(feeds.decode(Buffer.from(latin.replace(/ encoding="[^"]+"/, ''), 'latin1'), 'text/xml; charset=ISO-8859-1')).title, 'été');
        assert.equal(feeds.read(feeds.decode(Buffer.from('\ufeff<rss><channel><title>ž</title></channel></rss>', 'utf16le'))).title, 'ž');
    });
});

describe('Read feed', () => {

    it('gives entries newest first', async t => {
        const server = await serve(t, () => ({ headers: { 'content-type': 'application/rss+xml' }, body: rss(1, 3, 2) }));
        const feed = await new Component('rss.ReadFeed').out({ url: `${server.url}/feed`, limit: 2 });
        assert.deepEqual([feed.title, feed.link, feed.count], ['News & more', 'https://news.example/', 2]);
        assert.deepEqual(feed.entries.map(({ title }) => title), ['Entry 3', 'Entry 2']);
        assert.equal(feed.entries[0].link, `${server.url}/e/3`);
        assert.equal(feed.entries[0].summary, 'Text & more 3');
    });

    it('tells what is wrong', async t => {
        const server = await serve(t, ({ path }) => ({ '/gone': { status: 410 }, '/down': { status: 502 } })[path] ?? { body: '<html><body>Hello</body></html>' });
        const read = path => new Component('rss.ReadFeed').receive({ url: server.url + path });
        await cancels(read('/page'), /no RSS or Atom feed/);
        await cancels(read('/gone'), /status 410/);
        await fails(read('/down'), /status 502/);
        await cancels(new Component('rss.ReadFeed').receive({ url: 'file:///x' }), /http/);
        await fails(new Component('rss.ReadFeed').receive({ url: 'http://127.0.0.1:1/' }), /could not be read/);
    });
});

describe('New entry', () => {

    const setup = async (t, properties = {}) => {
        const state = { body: rss(2, 1), headers: {}, status: 200 };
        const server = await serve(t, ({ headers }) => state.etag && headers['if-none-match'] === state.etag
            ? { status: 304 }
            : { status: state.status, headers: { 'content-type': 'application/xml', ...(state.etag ? { etag: state.etag } : {}) }, body: state.body });
        const trigger = new Component('rss.NewEntry', { properties: { url: server.url, every: 5, ...properties } });
        await trigger.start();
        return { state, server, trigger };
    };
    const titles = sent => sent.map(({ content }) => content.title);

    it('remembers at first, then sends what is new, oldest first, once', async t => {
        const { state, trigger } = await setup(t);
        assert.deepEqual(await trigger.tick(minute(0)), []);
        state.body = rss(4, 3, 2, 1);
        assert.deepEqual(titles(await trigger.tick(minute(5))), ['Entry 3', 'Entry 4']);
        assert.equal(trigger.sent[0].content.feedTitle, 'News & more');
        assert.deepEqual(await trigger.tick(minute(10)), []);
        // An entry that falls out of the feed and comes back is not new.
        state.body = rss(4);
        await trigger.tick(minute(15));
        state.body = rss(5, 4, 1);
        assert.deepEqual(titles(await trigger.tick(minute(20))), ['Entry 5']);
    });

    it('sends entries without dates in the order from the end of the feed', async t => {
        const { state, trigger } = await setup(t);
        const undated = (...numbers) => rss(...numbers).replace(/<pubDate>.*?<\/pubDate>/g, '');
        state.body = undated(1);
        await trigger.tick(minute(0));
        state.body = undated(4, 3, 2, 1);
        assert.deepEqual(titles(await trigger.tick(minute(5))), ['Entry 2', 'Entry 3', 'Entry 4']);
    });

    it('asks only every so many minutes, and lets the server say that nothing changed', async t => {
        const { state, server, trigger } = await setup(t);
        state.etag = '"v1"';
        for (let n = 0; n < 11; n++) await trigger.tick(minute(n) - (n % 2) * 2000);
        assert.deepEqual(server.requests.map(({ headers }) => headers['if-none-match']), [undefined, '"v1"', '"v1"']);
    });

    it('sends nothing twice after a failure, and loses nothing', async t => {
        const { state, trigger } = await setup(t);
        await trigger.tick(minute(0));
        state.status = 500;
        await fails(trigger.tick(minute(5)), /status 500/);
        state.status = 200;
        state.body = rss(4, 3, 2, 1);
        const accept = trigger.accept;
        trigger.accept = function (content, ...rest) {
            if (content.title === 'Entry 4') throw new Error('the queue is down');
            return accept.call(this, content, ...rest);
        };
        await fails(trigger.tick(minute(10)), /queue is down/);
        trigger.accept = accept;
        await trigger.tick(minute(15));
        assert.deepEqual(titles(trigger.sent), ['Entry 3', 'Entry 4']);
    });

    it('sends only entries with one of the words', async t => {
        const { state, trigger } = await setup(t, { words: 'nothing, ENTRY 4' });
        await trigger.tick(minute(0));
        state.body = rss(4, 3, 2, 1);
        assert.deepEqual(titles(await trigger.tick(minute(5))), ['Entry 4']);
    });

    it('starts afresh with another feed', async t => {
        const { trigger, server } = await setup(t);
        await trigger.tick(minute(0));
        trigger.given = { url: `${server.url}/other`, every: 5 };
        assert.deepEqual(await trigger.tick(minute(1)), []);
        assert.equal(server.requests.at(-1).path, '/other');
    });

    it('refuses to start without a proper address', () => cancels(new Component('rss.NewEntry', { properties: { url: 'news' } }).start(), /not a URL/));
});
