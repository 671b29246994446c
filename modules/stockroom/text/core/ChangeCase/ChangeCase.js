'use strict';

const textOf = require('../../lib/input');

/** Letters that do not fall apart into a base letter and an accent. */
const ASCII = { ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i' };

/** `parseHTTPAnswer v2` gives parse, HTTP, Answer, v2. */
const wordsOf = text => text
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];

module.exports = {

    async receive(context) {

        const { style, locale } = context.messages.in.content;
        const text = textOf(context, context.messages.in.content.text);
        let language;
        try {
            [language] = Intl.getCanonicalLocales(locale || 'en');
        } catch {
            throw new context.CancelError(`"${String(locale).slice(0, 40)}" is not a language tag. Use one such as tr or en-GB.`);
        }
        const lower = part => part.toLocaleLowerCase(language);
        const upper = part => part.toLocaleUpperCase(language);
        const capital = part => part.replace(/^./u, upper);

        const styles = {
            upper: () => upper(text),
            lower: () => lower(text),
            title: () => lower(text).replace(/(^|[^\p{L}\p{M}\p{N}'’])(\p{L})/gu, (all, before, letter) => before + upper(letter)),
            sentence: () => lower(text).replace(/(^\P{L}*|[.!?]\s+)(\p{L})/gu, (all, before, letter) => before + upper(letter)),
            pascal: () => wordsOf(text).map(word => capital(lower(word))).join(''),
            camel: () => wordsOf(text).map((word, i) => i ? capital(lower(word)) : lower(word)).join(''),
            snake: () => wordsOf(text).map(lower).join('_'),
            kebab: () => wordsOf(text).map(lower).join('-'),
            slug: () => lower(text).normalize('NFKD').replace(/\p{M}/gu, '')
                .replace(/[ßæœøłđðþı]/g, letter => ASCII[letter]).replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')
        };
        if (!Object.hasOwn(styles, style)) throw new context.CancelError(`There is no style "${style}".`);
        await context.sendJson({ text: styles[style]() }, 'out');
    }
};
