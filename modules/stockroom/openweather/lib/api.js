'use strict';

/** The OpenWeather API (https://openweathermap.org/api), free endpoints only. */

const BASE = 'https://api.openweathermap.org';
const LANGUAGE = /^[a-z]{2}(_[a-z]{2})?$/i;

/** A GET request; the key travels in the query, so no error may carry the URL. */
async function get(context, path, params, { apiKey = context.auth?.apiKey } = {}) {

    if (!apiKey) throw new context.CancelError('The account has no API key.');
    const base = String(context.config?.apiUrl || BASE).replace(/\/+$/, '');
    let response;
    try {
        response = await context.httpRequest({
            url: base + path,
            method: 'GET',
            params: { ...params, appid: apiKey },
            timeout: 20000,
            maxContentLength: 2_000_000,
            validateStatus: () => true
        });
    } catch (err) {
        throw new Error(`OpenWeather could not be reached${err.code ? ` (${err.code})` : ''}.`);
    }
    const { status, data } = response;
    if (status === 200) return data;
    if (status === 401) throw new context.CancelError('OpenWeather refused the API key. A new key works after a few hours at most.');
    if (status === 404) throw new context.CancelError('OpenWeather does not know this place.');
    if (status === 429) throw new Error('The limit of the OpenWeather account is reached.');
    if (status >= 500) throw new Error(`OpenWeather answered with status ${status}.`);
    throw new context.CancelError(`OpenWeather answered with status ${status}.`);
}

/** `q` or `lat` and `lon` from what the user gave. */
function placeOf(context, { place, lat, lon }) {

    const given = value => value !== undefined && value !== null && value !== '';
    if (given(lat) || given(lon)) {
        if (!(Math.abs(lat) <= 90) || !(Math.abs(lon) <= 180)) {
            throw new context.CancelError('Give both coordinates: latitude from -90 to 90, longitude from -180 to 180.');
        }
        return { lat, lon };
    }
    if (!given(place)) throw new context.CancelError('Give a place or coordinates.');
    return { q: String(place).trim().slice(0, 200) };
}

function optionsOf(context, { units = 'metric', language }) {

    if (!['metric', 'imperial', 'standard'].includes(units)) throw new context.CancelError(`There are no units "${units}".`);
    if (language && !LANGUAGE.test(language)) throw new context.CancelError(`"${String(language).slice(0, 20)}" is not a language code such as de.`);
    return { units, ...(language ? { lang: language } : {}) };
}

const time = seconds => Number.isFinite(seconds) ? new Date(seconds * 1000).toISOString() : null;

/** One set of conditions, the same for now and for a step of the forecast. */
function conditions(data) {

    return {
        temperature: data.main?.temp ?? null,
        feelsLike: data.main?.feels_like ?? null,
        humidity: data.main?.humidity ?? null,
        pressure: data.main?.pressure ?? null,
        sky: data.weather?.[0]?.main ?? null,
        description: data.weather?.[0]?.description ?? null,
        windSpeed: data.wind?.speed ?? null,
        windDirection: data.wind?.deg ?? null,
        clouds: data.clouds?.all ?? null,
        rain: data.rain?.['1h'] ?? data.rain?.['3h'] ?? 0,
        snow: data.snow?.['1h'] ?? data.snow?.['3h'] ?? 0,
        time: time(data.dt)
    };
}

async function current(context, where, options) {

    const data = await get(context, '/data/2.5/weather', { ...placeOf(context, where), ...optionsOf(context, options) });
    return {
        ...conditions(data),
        place: data.name ?? null,
        country: data.sys?.country ?? null,
        lat: data.coord?.lat ?? null,
        lon: data.coord?.lon ?? null,
        sunrise: time(data.sys?.sunrise),
        sunset: time(data.sys?.sunset)
    };
}

module.exports = { get, placeOf, optionsOf, conditions, current, time };
