'use strict';

/** RSS 0.9x, 1.0 and 2.0, and Atom, brought to one form. */

const crypto = require('node:crypto');
const xml = require('./xml');

const MAX_BYTES = 10_000_000;
const MAX_ENTRIES = 1000;

/** The text of the document: from its byte order mark, the HTTP header, the XML declaration, or UTF-8. */
function decode(bytes, contentType = '') {

    let encoding = /charset="?([\w.:-]{1,40})/i.exec(contentType)?.[1];
    if (bytes[0] === 0xef && bytes[1] === 0xbb) encoding = 'utf-8';
    else if (bytes[0] === 0xff && bytes[1] === 0xfe) encoding = 'utf-16le';
    else if (bytes[0] === 0xfe && bytes[1] === 0xff) encoding = 'utf-16be';
    else if (!encoding) encoding = /^\s*<\?xml[^>]{0,200}encoding=["']([\w.:-]{1,40})/.exec(bytes.toString('latin1', 0, 300))?.[1];
    try {
        return new TextDecoder(encoding ?? 'utf-8').decode(bytes);
    } catch {
        return new TextDecoder('utf-8').decode(bytes);
    }
}

const nodes = node => node.children.filter(xml.isNode);
const find = (node, ...names) => {
    for (const name of names) {
        const found = nodes(node).find(child => child.name === name);
        if (found) return found;
    }
    return undefined;
};
const text = (node, ...names) => {
    const found = find(node, ...names);
    return found ? xml.textOf(found).trim() : '';
};

function date(value) {

    if (!value) return null;
    const time = Date.parse(value.slice(0, 100).replace(/\bUT$/, 'GMT'));
    return Number.isNaN(time) ? null : new Date(time).toISOString();
}

function absolute(link, base) {

    if (!link) return '';
    try {
        return new URL(link, base).href;
    } catch {
        return link;
    }
}

/** Atom puts HTML as escaped text, XHTML as elements. */
function atomContent(node) {

    if (!node) return '';
    const type = (node.attributes.type ?? 'text').toLowerCase();
    if (type === 'xhtml') return xml.markupOf(find(node, 'div', 'xhtml:div') ?? node).trim();
    return xml.textOf(node).trim();
}

function atomLink(entry, ...relations) {

    const links = nodes(entry).filter(node => node.name === 'link');
    for (const relation of relations) {
        const link = links.find(({ attributes }) => (attributes.rel ?? 'alternate') === relation);
        if (link) return link;
    }
    return undefined;
}

function finish(entry) {

    const id = entry.id || entry.link
        || crypto.createHash('sha256').update(`${entry.title}\n${entry.published ?? ''}\n${entry.content}`).digest('hex').slice(0, 32);
    return { ...entry, id, summary: xml.stripHtml(entry.summary || entry.content).slice(0, 2000) };
}

function atomEntry(node, base, feedAuthor) {

    const enclosure = atomLink(node, 'enclosure')?.attributes;
    const author = find(node, 'author');
    const content = atomContent(find(node, 'content'));
    const summary = atomContent(find(node, 'summary'));
    return finish({
        id: text(node, 'id'),
        title: xml.stripHtml(atomContent(find(node, 'title'))),
        link: absolute((atomLink(node, 'alternate') ?? atomLink(node, 'self', 'related'))?.attributes.href, base),
        published: date(text(node, 'published', 'issued')) ?? date(text(node, 'updated', 'modified')),
        author: author ? text(author, 'name', 'email') : feedAuthor,
        summary,
        content: content || summary,
        categories: nodes(node).filter(child => child.name === 'category').map(child => child.attributes.label ?? child.attributes.term ?? '').filter(Boolean),
        enclosure: enclosure?.href ? { url: absolute(enclosure.href, base), type: enclosure.type ?? null, length: Number(enclosure.length) || null } : null
    });
}

function rssEntry(node, base) {

    const guid = find(node, 'guid');
    const guidText = guid ? xml.textOf(guid).trim() : '';
    const guidLink = /^https?:\/\//i.test(guidText) && guid.attributes.ispermalink !== 'false' ? guidText : '';
    const enclosure = find(node, 'enclosure', 'media:content')?.attributes;
    const summary = text(node, 'description', 'summary', 'itunes:summary');
    return finish({
        id: guidText || node.attributes['rdf:about'] || '',
        title: xml.stripHtml(text(node, 'title')),
        link: absolute(text(node, 'link') || find(node, 'link', 'atom:link')?.attributes.href || guidLink, base),
        published: date(text(node, 'pubdate', 'dc:date', 'published')),
        author: text(node, 'dc:creator', 'author', 'itunes:author'),
        summary,
        content: text(node, 'content:encoded') || summary,
        categories: nodes(node).filter(child => child.name === 'category' || child.name === 'dc:subject').map(child => xml.textOf(child).trim()).filter(Boolean),
        enclosure: enclosure?.url ? { url: absolute(enclosure.url, base), type: enclosure.type ?? null, length: Number(enclosure.length) || null } : null
    });
}

/** `{ title, description, link, entries }`, entries in the order of the document; undefined if this is no feed. */
function read(source, base) {

    const root = xml.parse(source);
    const atom = find(root, 'feed', 'atom:feed');
    if (atom) {
        const feedAuthor = find(atom, 'author');
        return {
            title: xml.stripHtml(atomContent(find(atom, 'title'))),
            description: xml.stripHtml(atomContent(find(atom, 'subtitle', 'tagline'))),
            link: absolute(atomLink(atom, 'alternate', 'self')?.attributes.href, base),
            entries: nodes(atom).filter(node => node.name === 'entry').slice(0, MAX_ENTRIES)
                .map(node => atomEntry(node, base, feedAuthor ? text(feedAuthor, 'name', 'email') : ''))
        };
    }
    const rss = find(root, 'rss', 'rdf:rdf', 'rdf') ?? root;
    const channel = find(rss, 'channel');
    if (!channel) return undefined;
    // RSS 1.0 has its items beside the channel, the others inside.
    const items = [...nodes(channel), ...nodes(rss)].filter(node => node.name === 'item');
    return {
        title: xml.stripHtml(text(channel, 'title')),
        description: xml.stripHtml(text(channel, 'description')),
        link: absolute(text(channel, 'link'), base),
        entries: items.slice(0, MAX_ENTRIES).map(node => rssEntry(node, base))
    };
}

function addressOf(context, url) {

    let address;
    try {
        address = new URL(String(url).trim());
    } catch {
        throw new context.CancelError('The address of the feed is not a URL.');
    }
    if (!['http:', 'https:'].includes(address.protocol)) throw new context.CancelError('A feed is read over http:// or https://.');
    return address;
}

/**
 * Downloads and reads a feed. With the `etag` and `modified` of the last time the answer
 * may be `{ unchanged: true }`.
 */
async function fetch(context, url, { etag, modified } = {}) {

    const address = addressOf(context, url);
    const headers = {
        'user-agent': 'Stockroom feed reader',
        accept: 'application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1'
    };
    if (etag) headers['if-none-match'] = etag;
    if (modified) headers['if-modified-since'] = modified;

    let response;
    try {
        response = await context.httpRequest({
            url: address.href, method: 'GET', headers, timeout: 30000, responseType: 'arraybuffer',
            maxContentLength: MAX_BYTES, maxRedirects: 5, validateStatus: () => true
        });
    } catch (err) {
        if (/maxContentLength/.test(err.message)) throw new context.CancelError(`The feed is larger than ${MAX_BYTES / 1000000} MB.`);
        throw new Error(`The feed at ${address.host} could not be read${err.code ? ` (${err.code})` : ''}.`);
    }
    if (response.status === 304) return { unchanged: true };
    if (response.status >= 400) {
        const message = `The feed at ${address.host} answered with status ${response.status}.`;
        if (response.status >= 500 || [408, 429].includes(response.status)) throw new Error(message);
        throw new context.CancelError(message);
    }
    let feed;
    try {
        feed = read(decode(Buffer.from(response.data), response.headers['content-type']), address.href);
    } catch (err) {
        if (!(err instanceof RangeError)) throw err;
        throw new context.CancelError(`The feed at ${address.host} has ${err.message}.`);
    }
    if (!feed) throw new context.CancelError(`There is no RSS or Atom feed at ${address.host}${address.pathname}.`);
    return { ...feed, etag: response.headers.etag ?? null, modified: response.headers['last-modified'] ?? null };
}

module.exports = { fetch, read, decode, addressOf };
