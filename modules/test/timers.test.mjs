import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { Component, CancelError, cancels } from './context.mjs';

const require = createRequire(import.meta.url);
const cron = require('../stockroom/timers/lib/cron.js');
const context = { CancelError };
const minutes = n => n * 60000;
const T0 = Date.parse('2024-05-06T10:00:00Z');

describe('Every', () => {

    it('waits one interval, then keeps its grid although ticks come early or late', async () => {
        const every = new Component('timers.Every', { properties: { interval: 2, unit: 'minutes' } });
        await every.start();
        const at = [0, 59.5, 119.8, 181, 240.2, 360].map(seconds => T0 + seconds * 1000);
        const fired = [];
        for (const now of at) fired.push((await every.tick(now)).length);
        assert.deepEqual(fired, [0, 0, 1, 0, 1, 1]);
        assert.deepEqual(every.sent.map(({ content }) => content.count), [1, 2, 3]);
        assert.equal(every.sent[0].content.previous, null);
        assert.equal(every.sent[1].content.previous, new Date(at[2]).toISOString());
        assert.equal(every.sent[2].content.next, new Date(T0 + minutes(8)).toISOString());
    });

    it('runs at once if asked to, and makes up for a long break with one run', async () => {
        const every = new Component('timers.Every', { properties: { interval: 1, unit: 'hours', immediately: true } });
        assert.equal((await every.tick(T0)).length, 1);
        const [late] = await every.tick(T0 + minutes(205));
        assert.equal(late.content.next, new Date(T0 + minutes(240)).toISOString());
        assert.equal((await every.tick(T0 + minutes(206))).length, 0);
    });

    it('does nothing while the tick before is still at work', async () => {
        const every = new Component('timers.Every', { properties: { interval: 1, immediately: true } });
        await every.world.lock(`timers:tick:${every.flowId}:${every.componentId}`);
        assert.deepEqual(await every.tick(T0), []);
    });
});

describe('cron expressions', () => {

    const next = (expression, after, zone = 'UTC') => {
        const time = cron.next(cron.parse(context, expression), Date.parse(after), zone);
        return time === null ? null : new Date(time).toISOString().replace(':00.000Z', 'Z');
    };

    it('find the next time', () => {
        assert.equal(next('*/15 * * * *', '2024-05-06T10:01:30Z'), '2024-05-06T10:15Z');
        assert.equal(next('0 8 * * *', '2024-05-06T08:00:00Z'), '2024-05-07T08:00Z');
        assert.equal(next('30 8 * * MON-FRI', '2024-05-10T09:00:00Z'), '2024-05-13T08:30Z');
        assert.equal(next('0 0 1 jan,jul *', '2024-02-01T00:00:00Z'), '2024-07-01T00:00Z');
        assert.equal(next('0 0 29 2 *', '2096-03-01T00:00:00Z'), '2104-02-29T00:00Z');
        assert.equal(next('5-10/5 23 31 12 *', '2024-12-31T23:05:00Z'), '2024-12-31T23:10Z');
        assert.equal(next('0 0 * * 7', '2024-05-06T00:00:00Z'), '2024-05-12T00:00Z');
    });

    it('take either day field when both are given', () => {
        assert.equal(next('0 0 13 * FRI', '2024-05-11T00:00:00Z'), '2024-05-13T00:00Z');
        assert.equal(next('0 0 13 * FRI', '2024-05-13T00:00:00Z'), '2024-05-17T00:00Z');
    });

    it('follow the wall clock of a zone', () => {
        assert.equal(next('0 8 * * *', '2024-01-10T00:00:00Z', 'Europe/Prague'), '2024-01-10T07:00Z');
        assert.equal(next('0 8 * * *', '2024-07-10T00:00:00Z', 'Europe/Prague'), '2024-07-10T06:00Z');
        assert.equal(next('30 9 * * *', '2024-07-10T00:00:00Z', 'Asia/Kolkata'), '2024-07-10T04:00Z');
    });

    it('run a skipped time right after the clocks went forward', () => {
        assert.equal(next('30 2 * * *', '2024-03-30T12:00:00Z', 'Europe/Prague'), '2024-03-31T01:00Z');
        assert.equal(next('30 2 * * *', '2024-03-31T01:00:00Z', 'Europe/Prague'), '2024-04-01T00:30Z');
        // Here midnight itself is skipped.
        assert.equal(next('15 0 8 9 *', '2024-01-01T00:00:00Z', 'America/Santiago'), '2024-09-08T04:00Z');
    });

    it('run a repeated time once, and hourly jobs in both hours', () => {
        assert.equal(next('30 2 * * *', '2024-10-26T12:00:00Z', 'Europe/Prague'), '2024-10-27T00:30Z');
        assert.equal(next('30 2 * * *', '2024-10-27T00:30:00Z', 'Europe/Prague'), '2024-10-28T01:30Z');
        assert.equal(next('30 * * * *', '2024-10-27T00:30:00Z', 'Europe/Prague'), '2024-10-27T01:30Z');
    });

    it('are refused when they are wrong', () => {
        for (const wrong of ['', '* * * *', '60 * * * *', '* 24 * * *', '* * 0 * *', '* * * 13 *', '*/0 * * * *', '5-1 * * * *', '1,,2 * * * *', 'a * * * *', '* * * * * *']) {
            assert.throws(() => cron.parse(context, wrong), CancelError, wrong);
        }
        assert.equal(next('0 0 30 2 *', '2024-01-01T00:00:00Z'), null);
    });
});

describe('Schedule', () => {

    it('fires once at the planned minute and not before', async () => {
        const schedule = new Component('timers.Schedule', { properties: { cron: '*/30 * * * *', timeZone: 'Europe/Prague' } });
        await schedule.start();
        assert.deepEqual(await schedule.tick(T0 + minutes(5)), []);
        assert.deepEqual(await schedule.tick(T0 + minutes(29)), []);
        const [sent] = await schedule.tick(T0 + minutes(30) + 20000);
        assert.deepEqual(sent.content, {
            scheduled: '2024-05-06T10:30:00.000Z', now: '2024-05-06T10:30:20.000Z', next: '2024-05-06T11:00:00.000Z', timeZone: 'Europe/Prague'
        });
        assert.deepEqual(await schedule.tick(T0 + minutes(31)), []);
    });

    it('refuses to start with a date that never comes or a zone that does not exist', async () => {
        await cancels(new Component('timers.Schedule', { properties: { cron: '0 0 31 4 *' } }).start(), /never comes/);
        await cancels(new Component('timers.Schedule', { properties: { cron: '0 0 * * *', timeZone: 'Mars/Base' } }).start(), /not a time zone/);
    });

    it('plans anew when the expression was changed', async () => {
        const schedule = new Component('timers.Schedule', { properties: { cron: '0 23 * * *' } });
        await schedule.tick(T0);
        schedule.given = { cron: '5 10 * * *' };
        assert.deepEqual(await schedule.tick(T0 + minutes(1)), []);
        assert.equal((await schedule.tick(T0 + minutes(5))).length, 1);
    });
});

describe('Wait', () => {

    it('lets a message go when its time has come', async t => {
        t.mock.timers.enable({ apis: ['Date'], now: T0 });
        const wait = new Component('timers.Wait');
        assert.deepEqual(await wait.receive({ amount: 90, unit: 'minutes' }), []);
        assert.equal(wait.timeouts[0].ms, minutes(90));
        t.mock.timers.tick(minutes(90));
        const [sent] = await wait.fireTimeout();
        assert.deepEqual(sent.content, { arrived: '2024-05-06T10:00:00.000Z', released: '2024-05-06T11:30:00.000Z', seconds: 5400 });
        assert.equal(sent.correlationId, 'correlation-1');
    });

    it('chains timers for a pause longer than the engine allows', async t => {
        t.mock.timers.enable({ apis: ['Date'], now: T0 });
        const wait = new Component('timers.Wait');
        await wait.receive({ amount: 10, unit: 'weeks' });
        let rounds = 0;
        while (!wait.sent.length) {
            rounds++;
            t.mock.timers.tick(wait.timeouts[0].ms);
            await wait.fireTimeout();
        }
        assert.equal(rounds, 3);
        assert.equal(wait.sent[0].content.seconds, 70 * 86400);
    });

    it('does not wait for 0 minutes and refuses nonsense', async () => {
        const wait = new Component('timers.Wait');
        assert.equal((await wait.receive({ amount: 0 })).length, 1);
        await cancels(wait.receive({ amount: 5000, unit: 'weeks' }), /ten years/);
    });
});

describe('Wait until', () => {

    it('reads the date in the zone that is given', async t => {
        t.mock.timers.enable({ apis: ['Date'], now: T0 });
        for (const [until, timeZone, hours] of [
            ['2024-05-06T15:00', 'Europe/Prague', 3], ['2024-05-06T15:00', '', 5], ['2024-05-06 15:00:00+02:00', 'Asia/Tokyo', 3], ['2024-05-07', '', 14]
        ]) {
            const wait = new Component('timers.WaitUntil');
            await wait.receive({ until, timeZone });
            assert.equal(wait.timeouts[0].ms, minutes(hours * 60), `${until} ${timeZone}`);
        }
    });

    it('lets late messages go on, or sends them to late', async () => {
        const wait = new Component('timers.WaitUntil');
        assert.equal((await wait.receive({ until: '2020-01-01' }))[0].port, 'out');
        const [late] = await wait.receive({ until: '2020-01-01', ifPast: 'late' });
        assert.equal(late.port, 'late');
        assert.equal(late.content.until, '2020-01-01T00:00:00.000Z');
    });

    it('refuses what is no date', async () => {
        const wait = new Component('timers.WaitUntil');
        for (const until of ['tomorrow', '2024-02-30', '2024-01-01T25:00', '2024-13-01']) await cancels(wait.receive({ until }), /not a date/);
    });
});
