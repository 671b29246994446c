'use strict';

const api = require('../../lib/api');

const round = n => Math.round(n * 100) / 100;

module.exports = {

    async receive(context) {

        const content = context.messages.in.content;
        const hours = Math.min(Math.max(Number(content.hours ?? 24) || 24, 3), 120);
        const data = await api.get(context, '/data/2.5/forecast', {
            ...api.placeOf(context, content), ...api.optionsOf(context, content), cnt: Math.ceil(hours / 3)
        });
        const steps = (data.list ?? []).map(item => ({ ...api.conditions(item), chance: Math.round((item.pop ?? 0) * 100) }));
        if (!steps.length) throw new Error('OpenWeather gave no forecast.');

        const temperatures = steps.map(step => step.temperature).filter(Number.isFinite);
        await context.sendJson({
            place: data.city?.name ?? null,
            country: data.city?.country ?? null,
            steps,
            coldest: temperatures.length ? Math.min(...temperatures) : null,
            warmest: temperatures.length ? Math.max(...temperatures) : null,
            chance: Math.max(...steps.map(step => step.chance)),
            precipitation: round(steps.reduce((sum, step) => sum + step.rain + step.snow, 0))
        }, 'out');
    }
};
