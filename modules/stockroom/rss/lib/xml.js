'use strict';

/**
 * A small, forgiving reader for the XML of feeds. It never expands entities that a
 * document declares itself, so a feed cannot blow up, and it survives tags that are not
 * closed or closed in the wrong order. A node is `{ name, attributes, children }` with
 * names in lower case; children are nodes and text.
 */

const MAX_DEPTH = 100;
const MAX_NODES = 500000;

/** HTML elements without an end, for feeds that hold HTML as it is. `link` is not among them: feeds use it in their own way. */
const VOID = new Set(['br', 'hr', 'img', 'input', 'wbr']);

const NAMED = {
    amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'', nbsp: '\u00a0', copy: '©', reg: '®', trade: '™', hellip: '…',
    mdash: '—', ndash: '–', lsquo: '‘', rsquo: '’', ldquo: '“', rdquo: '”', laquo: '«', raquo: '»', bull: '•', middot: '·',
    euro: '€', pound: '£', yen: '¥', cent: '¢', sect: '§', deg: '°', times: '×', auml: 'ä', ouml: 'ö', uuml: 'ü', Auml: 'Ä',
    Ouml: 'Ö', Uuml: 'Ü', szlig: 'ß', eacute: 'é', egrave: 'è', agrave: 'à', aacute: 'á', iacute: 'í', oacute: 'ó', uacute: 'ú',
    ccedil: 'ç', ntilde: 'ñ', aring: 'å', aelig: 'æ', oslash: 'ø', shy: '\u00ad'
};

function decodeEntities(text) {

    return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));/g, (all, decimal, hex, name) => {
        if (name) return Object.hasOwn(NAMED, name) ? NAMED[name] : all;
        const code = decimal ? Number(decimal) : parseInt(hex, 16);
        const valid = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
        return valid ? String.fromCodePoint(code) : '';
    });
}

function readAttributes(source) {

    const attributes = {};
    for (const match of source.matchAll(/\s([^\s=/"'<>]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))/g)) {
        attributes[match[1].toLowerCase()] = decodeEntities(match[2] ?? match[3] ?? match[4]);
    }
    return attributes;
}

/** The position behind the `>` that ends a tag; quotes may hide one. */
function tagEnd(text, from) {

    let quote = '';
    for (let at = from; at < text.length; at++) {
        const char = text[at];
        if (quote) {
            if (char === quote) quote = '';
        } else if (char === '"' || char === '\'') {
            quote = char;
        } else if (char === '>') {
            return at + 1;
        }
    }
    // A quote that is never closed must not swallow the rest of the feed.
    const plain = text.indexOf('>', from);
    return plain < 0 ? text.length : plain + 1;
}

/** Behind the end of `<!DOCTYPE …>`, with its inner part in square brackets. */
function doctypeEnd(text, from) {

    const end = text.indexOf('>', from);
    if (end < 0) return text.length;
    const bracket = text.slice(from, end).indexOf('[');
    if (bracket < 0) return end + 1;
    const close = text.indexOf(']', from + bracket);
    const after = close < 0 ? -1 : text.indexOf('>', close);
    return after < 0 ? text.length : after + 1;
}

function parse(text) {

    const root = { name: '', attributes: {}, children: [] };
    const open = [root];
    let count = 0;
    let at = 0;
    const add = child => {
        if (++count > MAX_NODES) throw new RangeError('too many elements');
        open[open.length - 1].children.push(child);
    };
    const behind = (mark, from) => {
        const found = text.indexOf(mark, from);
        return found < 0 ? text.length : found + mark.length;
    };
    while (at < text.length) {
        const next = text.indexOf('<', at);
        const end = next < 0 ? text.length : next;
        if (end > at) add(decodeEntities(text.slice(at, end)));
        if (next < 0) break;
        if (text.startsWith('<![CDATA[', next)) {
            at = behind(']]>', next);
            add(text.slice(next + 9, text.endsWith(']]>', at) ? at - 3 : at));
        } else if (text.startsWith('<!--', next)) {
            at = behind('-->', next);
        } else if (text.startsWith('<?', next)) {
            at = behind('?>', next);
        } else if (text.startsWith('<!', next)) {
            at = doctypeEnd(text, next);
        } else if (text[next + 1] === '/') {
            at = behind('>', next);
            const name = text.slice(next + 2, at - 1).trim().toLowerCase();
            const index = open.findLastIndex(node => node.name === name);
            if (index > 0) open.length = index;
        } else if (/[A-Za-z_]/.test(text[next + 1] ?? '')) {
            at = tagEnd(text, next);
            const inner = text.slice(next + 1, at - 1);
            const name = /^[^\s/>]+/.exec(inner)[0].toLowerCase();
            const node = { name, attributes: readAttributes(inner.slice(name.length)), children: [] };
            add(node);
            if (!inner.endsWith('/') && !VOID.has(name)) {
                if (open.length > MAX_DEPTH) throw new RangeError('too many levels');
                open.push(node);
            }
        } else {
            add('<');
            at = next + 1;
        }
    }
    return root;
}

const isNode = child => typeof child === 'object';

/** All text below a node. */
const textOf = node => node.children.map(child => isNode(child) ? textOf(child) : child).join('');

const ESCAPE = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = text => text.replace(/[&<>"]/g, char => ESCAPE[char]);

/** The markup below a node, for content that is given as elements. */
function markupOf(node) {

    return node.children.map(child => {
        if (!isNode(child)) return escape(child);
        const attributes = Object.entries(child.attributes).map(([name, value]) => ` ${name}="${escape(value)}"`).join('');
        return `<${child.name}${attributes}>${markupOf(child)}</${child.name}>`;
    }).join('');
}

/** HTML without what stands between `<script>` or `<style>` and its end. */
function withoutCode(html, name) {

    const lower = html.toLowerCase();
    let text = '';
    let at = 0;
    for (;;) {
        const from = lower.indexOf(`<${name}`, at);
        if (from < 0) return text + html.slice(at);
        const to = lower.indexOf(`</${name}`, from);
        text += html.slice(at, from);
        if (to < 0) return text;
        at = to;
    }
}

/** Plain text of HTML, good enough for a summary. */
function stripHtml(html) {

    const text = withoutCode(withoutCode(html, 'script'), 'style').replace(/<[a-zA-Z!/?][^<>]{0,5000}>/g, ' ');
    return decodeEntities(text).replace(/[\s\u00a0]+/g, ' ').trim();
}

module.exports = { parse, textOf, markupOf, stripHtml, isNode };
