/** Text to text, and text to a list of texts. */

'use strict';

const lodash = require('lodash');

const EMAIL = /[\w.!#$%&'*+/=?^`{|}~-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+/gi;
const ADDRESS = /https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]}]/gi;

/** `/pattern/flags` or the pattern alone. */
function pattern(text, flags = '') {

    const written = /^\/(.*)\/([a-z]*)$/s.exec(text);
    return written ? new RegExp(written[1], written[2] || flags) : new RegExp(text, flags);
}

module.exports = {
    g_lowercase: value => String(value).toLowerCase(),
    g_uppercase: value => String(value).toUpperCase(),
    g_lowerFirst: value => lodash.lowerFirst(value),
    g_upperFirst: value => lodash.upperFirst(value),
    g_kebabCase: value => lodash.kebabCase(value),
    g_camelCase: value => lodash.camelCase(value),
    g_snakeCase: value => lodash.snakeCase(value),
    g_trim: (value, [characters]) => lodash.trim(value, characters),
    g_trimStart: (value, [characters]) => lodash.trimStart(value, characters),
    g_trimEnd: (value, [characters]) => lodash.trimEnd(value, characters),
    g_truncate: (value, [length], hash) => lodash.truncate(value, {
        length: Number(length ?? hash.length ?? 30), omission: hash.omission ?? '...'
    }),
    g_pad: (value, [length, characters]) => lodash.pad(value, Number(length), characters),
    g_split: (value, [delimiter]) => String(value).split(delimiter ?? ','),
    g_splitWords: value => lodash.words(value),
    g_splitByWhitespace: value => String(value).split(/\s+/).filter(Boolean),
    g_replace: (value, [search, replacement = ''], hash) => hash.regex === true || hash.regex === 'true'
        ? String(value).replace(pattern(search, 'g'), replacement)
        : String(value).split(search).join(replacement),
    /** The first match; its first group where there is one; all of them with the flag `g`. */
    g_regex: (value, [expression, flags]) => {
        const regex = pattern(expression, flags);
        const match = String(value).match(regex);
        return regex.global ? match ?? [] : match?.[1] ?? match?.[0];
    },
    g_extractEmail: value => String(value).match(EMAIL)?.[0],
    g_extractUrls: value => String(value).match(ADDRESS) ?? [],
    g_encodeUrl: value => encodeURIComponent(value),
    g_decodeUrl: value => decodeURIComponent(value),
    g_escapeHtml: value => lodash.escape(value)
};
