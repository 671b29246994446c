import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { Component, cancels, fails, httpRequest, serve } from './context.mjs';

const require = createRequire(import.meta.url);
const auth = require('../stockroom/openweather/auth.js');

const KEY = 'k-0123456789abcdef';
const weather = temp => ({
    coord: { lon: 16.6, lat: 49.2 }, weather: [{ id: 500, main: 'Rain', description: 'light rain', icon: '10d' }],
    main: { temp, feels_like: temp - 1, temp_min: 1, temp_max: 9, pressure: 1012, humidity: 80 }, visibility: 10000,
    wind: { speed: 3.1, deg: 200 }, rain: { '1h': 0.4 }, clouds: { all: 75 }, dt: 1711872000,
    sys: { country: 'CZ', sunrise: 1711857000, sunset: 1711903000 }, timezone: 7200, id: 1, name: 'Brno', cod: 200
});

async function setup(t, handler = () => ({ body: weather(7.5) })) {

    const server = await serve(t, handler);
    const make = (name, properties) => new Component(`openweather.${name}`, { properties, auth: { apiKey: KEY }, config: { apiUrl: `${server.url}/` } });
    return { server, make };
}

describe('OpenWeather', () => {

    it('gives the current weather at a place', async t => {
        const { server, make } = await setup(t);
        assert.deepEqual(await make('CurrentWeather').out({ place: ' Brno,CZ ', language: 'cs' }), {
            temperature: 7.5, feelsLike: 6.5, humidity: 80, pressure: 1012, sky: 'Rain', description: 'light rain', windSpeed: 3.1, windDirection: 200,
            clouds: 75, rain: 0.4, snow: 0, time: '2024-03-31T08:00:00.000Z', place: 'Brno', country: 'CZ', lat: 49.2, lon: 16.6,
            sunrise: '2024-03-31T03:50:00.000Z', sunset: '2024-03-31T16:36:40.000Z'
        });
        assert.equal(server.requests[0].path, '/data/2.5/weather');
        assert.deepEqual(server.requests[0].query, { q: 'Brno,CZ', units: 'metric', lang: 'cs', appid: KEY });
    });

    it('takes coordinates, also 0, and refuses half of them', async t => {
        const { server, make } = await setup(t);
        await make('CurrentWeather').out({ lat: 0, lon: '0', units: 'imperial' });
        assert.deepEqual(server.requests[0].query, { lat: '0', lon: '0', units: 'imperial', appid: KEY });
        await cancels(make('CurrentWeather').receive({ lat: 10 }), /both coordinates/);
        await cancels(make('CurrentWeather').receive({}), /place or coordinates/);
    });

    it('tells errors apart and never shows the key', async t => {
        let status;
        const { make } = await setup(t, () => ({ status, body: { cod: status, message: `Invalid API key ${KEY}` } }));
        const run = async (code, check, pattern) => {
            status = code;
            await check(make('CurrentWeather').receive({ place: 'x' }).catch(err => {
                assert.doesNotMatch(`${err.message} ${JSON.stringify(err)}`, new RegExp(KEY));
                throw err;
            }), pattern);
        };
        await run(401, cancels, /refused the API key/);
        await run(404, cancels, /does not know this place/);
        await run(429, fails, /limit/);
        await run(500, fails, /status 500/);
        const offline = new Component('openweather.CurrentWeather', { auth: { apiKey: KEY }, config: { apiUrl: 'http://127.0.0.1:1' } });
        await fails(offline.receive({ place: 'x' }), /^OpenWeather could not be reached \(ECONNREFUSED\)\.$/);
    });

    it('sums a forecast up', async t => {
        const steps = [[5, 0, { rain: { '3h': 0.2 } }], [9, 0.35, { rain: { '3h': 0.1 } }], [-1, 0.6, { snow: { '3h': 2 } }]]
            .map(([temp, pop, rest], i) => ({ dt: 1711872000 + i * 10800, main: { temp }, weather: [{ main: 'Clouds' }], wind: {}, pop, ...rest }));
        const { server, make } = await setup(t, () => ({ body: { list: steps, city: { name: 'Brno', country: 'CZ' } } }));
        const forecast = await make('Forecast').out({ place: 'Brno', hours: 8 });
        assert.equal(server.requests[0].query.cnt, '3');
        assert.deepEqual([forecast.coldest, forecast.warmest, forecast.chance, forecast.precipitation], [-1, 9, 60, 2.3]);
        assert.deepEqual(forecast.steps.map(({ time, chance, snow }) => [time, chance, snow]), [
            ['2024-03-31T08:00:00.000Z', 0, 0], ['2024-03-31T11:00:00.000Z', 35, 0], ['2024-03-31T14:00:00.000Z', 60, 2]
        ]);
    });

    it('finds places, or none', async t => {
        const { server, make } = await setup(t, ({ query }) => ({ body: query.q === 'Brno' ? [{ name: 'Brno', local_names: {}, lat: 49.2, lon: 16.6, country: 'CZ' }] : [] }));
        const found = await make('FindPlace').out({ name: 'Brno', limit: 1 });
        assert.deepEqual(found, { name: 'Brno', country: 'CZ', state: null, lat: 49.2, lon: 16.6, places: [{ name: 'Brno', country: 'CZ', state: null, lat: 49.2, lon: 16.6 }] });
        assert.deepEqual([server.requests[0].path, server.requests[0].query.limit], ['/geo/1.0/direct', '1']);
        assert.equal((await make('FindPlace').receive({ name: 'Nowhere' }))[0].port, 'none');
    });

    it('gives the air quality in words', async t => {
        const { make } = await setup(t, () => ({ body: { coord: [50, 50], list: [{ dt: 1711872000, main: { aqi: 2 }, components: { co: 201.9, no: 0, no2: 0.7, o3: 68.6, so2: 0.6, pm2_5: 0.5, pm10: 0.6, nh3: 0.1 } }] } }));
        assert.deepEqual(await make('AirQuality').out({ lat: 49.2, lon: 16.6 }),
            { index: 2, level: 'fair', pm25: 0.5, pm10: 0.6, o3: 68.6, no2: 0.7, so2: 0.6, co: 201.9, time: '2024-03-31T08:00:00.000Z' });
    });

    const course = async (t, properties, temperatures) => {
        let now;
        const { server, make } = await setup(t, () => ({ body: weather(now) }));
        const trigger = make('OnTemperature', { place: 'Brno', threshold: 20, every: 10, ...properties });
        await trigger.start();
        const fired = [];
        for (const [i, temperature] of temperatures.entries()) {
            now = temperature;
            const sent = await trigger.tick(1e12 + i * 600000);
            fired.push(sent[0]?.content.crossed ?? '');
        }
        return { fired, server, trigger };
    };

    it('fires when the temperature rises, and again only after it came back by the margin', async t => {
        const { fired, trigger } = await course(t, {}, [18, 20.1, 19.8, 20.2, 19.4, 20.3, 25]);
        assert.deepEqual(fired, ['', 'above', '', '', '', 'above', '']);
        assert.deepEqual([trigger.sent[0].content.temperature, trigger.sent[0].content.threshold], [20.1, 20]);
    });

    it('does not fire for what is already so', async t => {
        assert.deepEqual((await course(t, {}, [25, 26])).fired, ['', '']);
    });

    it('fires for falling, or both ways', async t => {
        assert.deepEqual((await course(t, { direction: 'below' }, [22, 19.9, 20.3, 19.9, 20.6, 19])).fired, ['', 'below', '', '', '', 'below']);
        assert.deepEqual((await course(t, { direction: 'both' }, [18, 20.3, 20.6, 19.6, 19.4])).fired, ['', '', 'above', '', 'below']);
    });

    it('asks no more often than it was told', async t => {
        const { server, make } = await setup(t);
        const trigger = make('OnTemperature', { place: 'Brno', threshold: 20, every: 10 });
        for (let n = 0; n < 20; n++) await trigger.tick(1e12 + n * 60000);
        assert.equal(server.requests.length, 2);
    });

    it('checks a key when an account is added', async t => {
        const server = await serve(t, ({ query }) => query.appid === KEY ? { body: weather(1) } : { status: 401, body: {} });
        const context = apiKey => ({ apiKey, httpRequest, config: { apiUrl: server.url } });
        assert.ok(await auth.definition.validate(context(KEY)));
        await assert.rejects(auth.definition.validate(context('wrong')), /refused/);
        assert.equal(auth.definition.accountNameFromProfileInfo({ apiKey: KEY }), 'API key …cdef');
    });
});
