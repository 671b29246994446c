import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Component, cancels } from './context.mjs';

const run = (name, content) => new Component(`dates.${name}`).out(content);
const parse = async (date, rest) => (await run('Parse', { date, ...rest })).iso;

describe('Parse date', () => {

    for (const [date, iso] of [
        ['2024-03-31', '2024-03-31T00:00:00.000Z'], ['2024-03-31T08:00:00.5+02:00', '2024-03-31T06:00:00.500Z'], ['2024-3-1 8:05', '2024-03-01T08:05:00.000Z'],
        ['Sun, 31 Mar 2024 08:00:00 +0200', '2024-03-31T06:00:00.000Z'], ['31 Mar 2024 08:00 GMT', '2024-03-31T08:00:00.000Z'],
        [1711872000, '2024-03-31T08:00:00.000Z'], ['1711872000000', '2024-03-31T08:00:00.000Z'], [0, '1970-01-01T00:00:00.000Z'], ['2024-03-31T08:00-0330', '2024-03-31T11:30:00.000Z']
    ]) it(String(date), async () => assert.equal(await parse(date), iso));

    for (const date of ['2024-02-30', '2023-02-29', '3/4/2024', 'tomorrow', '2024-01-01T24:30', '', '99999999999999999', 'Sun']) {
        it(`refuses ${JSON.stringify(date)}`, () => cancels(parse(date)));
    }

    it('reads a date without an offset in the zone', async () => {
        assert.equal(await parse('2024-07-01T08:00', { timeZone: 'Europe/Prague' }), '2024-07-01T06:00:00.000Z');
        assert.equal(await parse('2024-03-31T02:30', { timeZone: 'Europe/Prague' }), '2024-03-31T01:30:00.000Z');
        assert.equal(await parse('2024-10-27T02:30', { timeZone: 'Europe/Prague' }), '2024-10-27T00:30:00.000Z');
        await cancels(parse('2024-07-01', { timeZone: 'Nowhere' }), /not a time zone/);
    });

    it('takes a date apart', async () => {
        assert.deepEqual(await run('Parse', { date: '2024-12-30T23:30:15Z', timeZone: 'Asia/Kolkata' }), {
            iso: '2024-12-30T23:30:15.000Z', unix: 1735601415, year: 2024, month: 12, day: 31, hour: 5, minute: 0, second: 15,
            weekday: 2, week: 1, dayOfYear: 366, offset: '+05:30'
        });
        assert.equal((await run('Parse', { date: '2021-01-03' })).week, 53);
    });

    for (const [date, pattern, rest, iso] of [
        ['31.3.2024 08:05', 'D.M.YYYY HH:mm', {}, '2024-03-31T08:05:00.000Z'], ['03/04/24', 'MM/DD/YY', {}, '2024-03-04T00:00:00.000Z'],
        ['Sunday, 31 March 2024', 'dddd, D MMMM YYYY', {}, '2024-03-31T00:00:00.000Z'], ['31. März 2024', 'D. MMMM YYYY', { locale: 'de' }, '2024-03-31T00:00:00.000Z'],
        ['1. května 2024', 'D. MMMM YYYY', { locale: 'cs' }, '2024-05-01T00:00:00.000Z'], ['12:30 AM 2024-01-01', 'h:mm A YYYY-MM-DD', {}, '2024-01-01T00:30:00.000Z'],
        ['20240331T080500+0200', 'YYYYMMDD[T]HHmmssZ', {}, '2024-03-31T06:05:00.000Z']
    ]) it(`follows the pattern ${pattern}`, async () => assert.equal(await parse(date, { pattern, ...rest }), iso));

    it('says where a text leaves its pattern', async () => {
        await cancels(parse('31-03-2024', { pattern: 'D.M.YYYY' }), /"\." is expected at position 3/);
        await cancels(parse('31.2.2024', { pattern: 'D.M.YYYY' }), /no such date/);
        await cancels(parse('1.2.2024x', { pattern: 'D.M.YYYY' }), /nothing more/);
        await cancels(parse('1.2.', { pattern: 'D.M.' }), /no year/);
    });
});

describe('Format date', () => {

    const format = async (style, rest = {}) => (await run('Format', { date: '2024-03-31T07:05:09Z', style, timeZone: 'Europe/Prague', ...rest })).text;

    it('writes for machines', async () => {
        assert.equal(await format('iso'), '2024-03-31T09:05:09+02:00');
        assert.equal(await format('iso', { timeZone: '' }), '2024-03-31T07:05:09+00:00');
        assert.equal(await format('unix'), '1711868709');
        assert.equal(await format('rfc2822', { locale: 'cs' }), 'Sun, 31 Mar 2024 09:05:09 +0200');
    });

    it('writes for people in their language', async () => {
        assert.equal(await format('long', { locale: 'en-GB' }), '31 March 2024');
        assert.equal(await format('long', { locale: 'de' }), '31. März 2024');
        assert.match(await format('full', { locale: 'cs' }), /neděle 31\. března 2024/);
    });

    it('follows a pattern', async () => {
        assert.equal(await format('pattern', { pattern: 'dddd D MMMM YYYY [at] h:mm a, Z' }), 'Sunday 31 March 2024 at 9:05 am, +02:00');
        await cancels(format('pattern'), /pattern is missing/);
        await cancels(format('long', { locale: '!!' }), /language tag/);
    });
});

describe('Shift date', () => {

    const shift = async (date, amount, unit, timeZone) => (await run('Shift', { date, amount, unit, timeZone })).local;

    for (const [date, amount, unit, zone, result] of [
        ['2024-01-31', 1, 'months', '', '2024-02-29T00:00:00+00:00'], ['2024-02-29', -1, 'years', '', '2023-02-28T00:00:00+00:00'], ['2024-03-15', -14, 'months', '', '2023-01-15T00:00:00+00:00'],
        ['2024-03-30T08:00', 1, 'days', 'Europe/Prague', '2024-03-31T08:00:00+02:00'], ['2024-03-30T08:00', 24, 'hours', 'Europe/Prague', '2024-03-31T09:00:00+02:00'],
        ['2024-05-10T12:00', 1, 'workdays', '', '2024-05-13T12:00:00+00:00'], ['2024-05-12', -1, 'workdays', '', '2024-05-10T00:00:00+00:00'], ['2024-05-10', 10, 'workdays', '', '2024-05-24T00:00:00+00:00'],
        ['2024-12-31T23:59:59.500', 500, 'milliseconds', '', '2025-01-01T00:00:00+00:00'], ['2024-01-01', 1.5, 'hours', '', '2024-01-01T01:30:00+00:00'], ['2024-01-01', 2, 'weeks', '', '2024-01-15T00:00:00+00:00']
    ]) it(`${date} ${amount} ${unit} ${zone}`, async () => assert.equal(await shift(date, amount, unit, zone), result));

    it('refuses parts of months and years beyond the calendar', async () => {
        await cancels(shift('2024-01-01', 1.5, 'months'), /whole months/);
        await cancels(shift('2024-01-01', 9000, 'years'), /between the years/);
    });
});

describe('Difference', () => {

    const between = async (from, to, unit, rest) => (await run('Difference', { from, to, unit, ...rest })).value;

    it('counts on the clock and on the calendar', async () => {
        assert.equal(await between('2024-01-01', '2024-01-02T12:00', 'hours'), 36);
        assert.equal(await between('2024-03-30T12:00', '2024-04-01T12:00', 'days', { timeZone: 'Europe/Prague' }), 2);
        assert.equal(await between('2024-03-30T12:00', '2024-04-01T12:00', 'hours', { timeZone: 'Europe/Prague' }), 47);
        assert.equal(await between('2024-01-31', '2024-02-29', 'months'), 1);
        assert.equal(await between('2024-02-15', '2024-01-15', 'months'), -1);
        assert.equal(await between('2000-02-29', '2024-02-28', 'years', { whole: true }), 23);
        assert.equal(await between('2024-01-01', '2024-01-15', 'weeks'), 2);
        assert.equal(await between('2024-01-01', '2024-01-02T12:00', 'days', { whole: true }), 1);
    });

    it('says which is later', async () => {
        assert.deepEqual(await run('Difference', { from: '2024-01-02', to: '2024-01-01' }), { value: -1, unit: 'days', milliseconds: -86400000, later: false });
    });
});

describe('Round date', () => {

    const round = async (unit, to, rest) => (await run('Round', { date: '2024-05-15T13:45:30.250Z', unit, to, ...rest })).iso;

    for (const [unit, start, end] of [
        ['minute', '2024-05-15T13:45:00.000Z', '2024-05-15T13:45:59.999Z'], ['hour', '2024-05-15T13:00:00.000Z', '2024-05-15T13:59:59.999Z'], ['day', '2024-05-15T00:00:00.000Z', '2024-05-15T23:59:59.999Z'],
        ['week', '2024-05-13T00:00:00.000Z', '2024-05-19T23:59:59.999Z'], ['month', '2024-05-01T00:00:00.000Z', '2024-05-31T23:59:59.999Z'],
        ['quarter', '2024-04-01T00:00:00.000Z', '2024-06-30T23:59:59.999Z'], ['year', '2024-01-01T00:00:00.000Z', '2024-12-31T23:59:59.999Z']
    ]) it(unit, async () => {
        assert.equal(await round(unit, 'start'), start);
        assert.equal(await round(unit, 'end'), end);
    });

    it('follows zones and the first day of the week', async () => {
        assert.equal(await round('day', 'start', { timeZone: 'Asia/Tokyo' }), '2024-05-14T15:00:00.000Z');
        assert.equal(await round('hour', 'start', { timeZone: 'Asia/Kolkata' }), '2024-05-15T13:30:00.000Z');
        assert.equal(await round('week', 'start', { weekStart: 'sunday' }), '2024-05-12T00:00:00.000Z');
        assert.equal((await run('Round', { date: '2024-05-12', unit: 'week', weekStart: 'monday' })).iso, '2024-05-06T00:00:00.000Z');
        assert.equal((await run('Round', { date: '2024-03-31T12:00Z', unit: 'day', to: 'end', timeZone: 'Europe/Prague' })).local, '2024-03-31T23:59:59.999+02:00');
    });
});
