'use strict';

const crypto = require('node:crypto');
const feeds = require('../../lib/feed');
const once = require('../../lib/once');

const MAX_REMEMBERED = 2000;
/** Ticks may come a little early. */
const EARLY_MS = 5000;

const mark = entry => crypto.createHash('sha256').update(entry.id).digest('base64url').slice(0, 16);

module.exports = {

    start(context) {

        feeds.addressOf(context, context.properties.url);
    },

    async tick(context) {

        const { url, every = 15 } = context.properties;
        await once(context, async () => {
            const now = new Date(context.messages.tick?.content?.now ?? Date.now()).getTime();
            let state = await context.loadState();
            if (state.url !== url) state = { url };
            if (state.next && now + EARLY_MS < state.next) return;

            // The next look is planned first: a feed that is down is not asked every minute.
            state.next = now + every * 60000;
            await context.saveState(state);
            const feed = await feeds.fetch(context, url, state);
            if (feed.unchanged) return;

            const marks = feed.entries.map(mark);
            if (state.seen) await this.sendNew(context, feed, marks, state);
            await context.saveState({
                url,
                next: state.next,
                etag: feed.etag,
                modified: feed.modified,
                seen: [...new Set([...marks, ...state.seen ?? []])].slice(0, MAX_REMEMBERED)
            });
        });
    },

    /** Sends what was not seen before, oldest first; what was sent is remembered even if a later one fails. */
    async sendNew(context, feed, marks, state) {

        const known = new Set(state.seen);
        const fresh = [];
        feed.entries.forEach((entry, i) => {
            if (known.has(marks[i])) return;
            known.add(marks[i]);
            fresh.push({ entry, mark: marks[i] });
        });
        // Feeds list the newest first, as a rule; where there are dates, they decide.
        fresh.reverse();
        if (fresh.every(({ entry }) => entry.published)) {
            fresh.sort((a, b) => Date.parse(a.entry.published) - Date.parse(b.entry.published));
        }
        for (const { entry, mark: sent } of fresh) {
            try {
                if (this.wanted(context, entry)) await context.sendJson({ ...entry, feedTitle: feed.title }, 'out');
            } catch (err) {
                await context.saveState({ ...state, etag: null, modified: null });
                throw err;
            }
            state.seen.unshift(sent);
        }
    },

    wanted(context, entry) {

        const words = String(context.properties.words ?? '').toLowerCase().split(',').map(word => word.trim()).filter(Boolean);
        if (!words.length) return true;
        const text = `${entry.title}\n${entry.summary}`.toLowerCase();
        return words.some(word => text.includes(word));
    }
};
