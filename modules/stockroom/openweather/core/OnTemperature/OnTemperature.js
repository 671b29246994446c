'use strict';

const api = require('../../lib/api');
const once = require('../../lib/once');

/** Ticks may come a little early. */
const EARLY_MS = 5000;

module.exports = {

    start(context) {

        api.placeOf(context, context.properties);
        if (!Number.isFinite(context.properties.threshold)) throw new context.CancelError('The temperature must be a number.');
    },

    async tick(context) {

        const { threshold, direction = 'above', every = 15 } = context.properties;
        await once(context, async () => {
            const now = new Date(context.messages.tick?.content?.now ?? Date.now()).getTime();
            const state = await context.loadState();
            if (state.next && now + EARLY_MS < state.next) return;
            state.next = now + every * 60000;
            await context.saveState(state);

            const weather = await api.current(context, context.properties, context.properties);
            const side = this.side(weather.temperature, state.side, context.properties);
            if (side === null) return;
            if (state.side && side !== state.side && (direction === 'both' || direction === side)) {
                await context.sendJson({ crossed: side, threshold, ...weather }, 'out');
            }
            await context.saveState({ ...state, side });
        });
    },

    /** Above or below. To change sides, the temperature must pass the threshold by the margin on the way back. */
    side(temperature, before, { threshold, margin = 0.5, direction = 'above' }) {

        if (!Number.isFinite(temperature)) return null;
        if (!before) return temperature > threshold ? 'above' : 'below';
        const up = direction === 'above' ? 0 : margin;
        const down = direction === 'below' ? 0 : margin;
        if (before === 'below') return temperature > threshold + up ? 'above' : 'below';
        return temperature < threshold - down ? 'below' : 'above';
    }
};
