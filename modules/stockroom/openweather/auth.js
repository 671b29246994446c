'use strict';

const api = require('./lib/api');

module.exports = {

    type: 'apiKey',

    definition: {

        auth: {
            apiKey: {
                type: 'password',
                name: 'API key',
                tooltip: 'Create one on <a href="https://home.openweathermap.org/api_keys" target="_blank" rel="noopener">your OpenWeather page</a>. It works after a few hours at most.'
            }
        },

        accountNameFromProfileInfo: context => `API key …${String(context.apiKey).slice(-4)}`,

        validate: async context => {

            const CancelError = context.CancelError ?? Error;
            await api.get({ httpRequest: context.httpRequest, config: context.config, CancelError }, '/data/2.5/weather', { lat: 0, lon: 0 }, context);
            return true;
        }
    }
};
