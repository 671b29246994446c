'use strict';

/** Lists of mail addresses such as `Ann <ann@example.com>, "Doe, John" <john@example.com>; bob@example.com`. */

const LOCAL = /^[^\s@<>()[\]\\,;:"\u0000-\u001f\u007f]{1,64}$/;
const DOMAIN = /^(?=.{1,253}$)[\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?(\.[\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?)*$/u;

/** The items of a list; commas and semicolons inside quotes or angle brackets do not separate. */
function split(list) {

    const items = [];
    let item = '';
    let quoted = false;
    let angled = false;
    for (let i = 0; i < list.length; i++) {
        const char = list[i];
        if (char === '\\' && quoted) {
            item += char + (list[++i] ?? '');
            continue;
        }
        if (char === '"') quoted = !quoted;
        else if (!quoted && char === '<') angled = true;
        else if (!quoted && char === '>') angled = false;
        if ((char === ',' || char === ';') && !quoted && !angled) {
            items.push(item);
            item = '';
        } else {
            item += char;
        }
    }
    items.push(item);
    return items.map(part => part.trim()).filter(Boolean);
}

/** `{ name, address }`, or undefined when the text is not one address. Domains outside ASCII become punycode. */
function parseOne(text) {

    const source = String(text).trim();
    if (source.length > 1000 || /[\r\n\u0000]/.test(source)) return undefined;
    const open = source.lastIndexOf('<');
    let name = '';
    let mail = source;
    if (open >= 0) {
        if (!source.endsWith('>')) return undefined;
        mail = source.slice(open + 1, -1).trim();
        name = source.slice(0, open).trim();
        if (name.startsWith('"') && name.endsWith('"') && name.length > 1) name = name.slice(1, -1).replace(/\\(.)/g, '$1');
    }
    const at = mail.lastIndexOf('@');
    const local = mail.slice(0, at);
    const domain = mail.slice(at + 1);
    if (at < 1 || !LOCAL.test(local) || local.startsWith('.') || local.endsWith('.') || !DOMAIN.test(domain)) return undefined;
    const ascii = /^[\x20-\x7e]*$/.test(domain) ? domain : new URL(`http://${domain}`).hostname;
    return { name, address: `${local}@${ascii}` };
}

/** All addresses of a list, or a reason to refuse the message for good. */
function parseList(context, list, what) {

    return split(Array.isArray(list) ? list.join(',') : String(list ?? '')).map(item => {
        const parsed = parseOne(item);
        if (!parsed) throw new context.CancelError(`"${item.slice(0, 80)}" in ${what} is not an e-mail address.`);
        return parsed;
    });
}

module.exports = { parseList, parseOne };
