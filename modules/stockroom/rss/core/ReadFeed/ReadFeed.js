'use strict';

const feeds = require('../../lib/feed');

const time = entry => entry.published ? Date.parse(entry.published) : -Infinity;

module.exports = {

    async receive(context) {

        const { url, limit = 50 } = context.messages.in.content;
        const { title, description, link, entries } = await feeds.fetch(context, url);
        // Entries without a date keep their place at the end, in the order of the feed.
        const newest = entries.map((entry, i) => ({ entry, i }))
            .sort((a, b) => time(a.entry) === time(b.entry) ? a.i - b.i : time(b.entry) - time(a.entry))
            .slice(0, Math.min(limit, 500)).map(({ entry }) => entry);
        await context.sendJson({ title, description, link, entries: newest, count: newest.length }, 'out');
    }
};
