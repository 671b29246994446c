'use strict';

const api = require('../../lib/api');

const LEVELS = ['good', 'fair', 'moderate', 'poor', 'very poor'];

module.exports = {

    async receive(context) {

        const { lat, lon } = context.messages.in.content;
        const data = await api.get(context, '/data/2.5/air_pollution', api.placeOf(context, { lat, lon }));
        const now = data.list?.[0];
        if (!now) throw new context.CancelError('OpenWeather has no air quality for these coordinates.');
        const { pm2_5: pm25, pm10, o3, no2, so2, co } = now.components ?? {};
        const index = now.main?.aqi ?? null;
        await context.sendJson({ index, level: LEVELS[index - 1] ?? null, pm25, pm10, o3, no2, so2, co, time: api.time(now.dt) }, 'out');
    }
};
