'use strict';

const api = require('../../lib/api');

module.exports = {

    async receive(context) {

        const { name, limit = 5 } = context.messages.in.content;
        const { q } = api.placeOf(context, { place: name });
        const data = await api.get(context, '/geo/1.0/direct', { q, limit: Math.min(Math.max(limit, 1), 5) });
        const places = (Array.isArray(data) ? data : []).map(item => ({
            name: item.name, country: item.country ?? null, state: item.state ?? null, lat: item.lat, lon: item.lon
        }));
        if (!places.length) return context.sendJson({ name }, 'none');
        await context.sendJson({ ...places[0], places }, 'out');
    }
};
