import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Component, World, cancels } from './context.mjs';

const run = (name, content, world) => new Component(`csv.${name}`, { world }).out(content);

describe('Parse CSV', () => {

    it('reads quotes, doubled quotes, line breaks in cells and mixed line ends', async () => {
        const { rows, columns, count } = await run('Parse', { text: 'a,b\r\n"x, ""y""","line 1\nline 2"\n\n2,\r3,"4"' });
        assert.deepEqual(columns, ['a', 'b']);
        assert.equal(count, 3);
        assert.deepEqual(rows, [{ a: 'x, "y"', b: 'line 1\nline 2' }, { a: '2', b: '' }, { a: '3', b: '4' }]);
    });

    for (const [name, character] of Object.entries({ comma: ',', semicolon: ';', tab: '\t', pipe: '|' })) {
        it(`finds out the delimiter ${name}`, async () => {
            const result = await run('Parse', { text: [['name', 'note'], ['Ann', '"a, b; c"'], ['Bob', 'x']].map(row => row.join(character)).join('\n') });
            assert.equal(result.delimiter, name);
            assert.equal(result.rows[0].note, 'a, b; c');
        });
    }

    it('gives lists without a header', async () => {
        assert.deepEqual(await run('Parse', { text: '1,2\n3', header: false, delimiter: 'comma' }),
            { rows: [['1', '2'], ['3']], columns: ['Column 1', 'Column 2'], count: 2, delimiter: 'comma', truncated: false });
    });

    it('names columns that have no name or the name of another, and cells beyond the header', async () => {
        const { rows } = await run('Parse', { text: 'a,,a\n1,2,3,4\n5' });
        assert.deepEqual(rows, [{ a: '1', 'Column 2': '2', 'a 2': '3', 'Column 4': '4' }, { a: '5', 'Column 2': '', 'a 2': '' }]);
    });

    it('recognises numbers, but not codes with leading zeros', async () => {
        const { rows } = await run('Parse', { text: 'n\n1.50\n007\n-3\n1e5\n12345678901234567890', numbers: true });
        assert.deepEqual(rows.map(({ n }) => n), [1.5, '007', -3, '1e5', '12345678901234567890']);
    });

    it('stops at the limit and says so', async () => {
        const { count, truncated } = await run('Parse', { text: 'a\n1\n2\n3', limit: 2 });
        assert.deepEqual([count, truncated], [2, true]);
    });

    it('reads files in UTF-8 and UTF-16', async () => {
        const world = new World();
        for (const bytes of [Buffer.from('\ufeffjméno\nJiří'), Buffer.from('\ufeffjméno\nJiří', 'utf16le')]) {
            assert.deepEqual((await run('Parse', { fileId: world.addFile('a.csv', bytes) }, world)).rows, [{ jméno: 'Jiří' }]);
        }
        await cancels(run('Parse', { fileId: world.addFile('a.bin', Buffer.from([0x61, 0xff, 0xfe])) }, world), /not text/);
    });

    it('keeps a column named __proto__ as data', async () => {
        const { rows } = await run('Parse', { text: '__proto__,a\nx,1' });
        assert.deepEqual(Object.entries(rows[0]), [['__proto__', 'x'], ['a', '1']]);
    });

    it('wants text or a file', () => cancels(run('Parse', {}), /text or a file/));
});

describe('Build CSV', () => {

    it('quotes where it must and keeps what it wrote when read again', async () => {
        const rows = [{ a: 'x,y', b: '"q"' }, { a: 'line\nbreak', b: ' pad ' }, { a: '', b: 1.5, c: { d: true } }];
        const { text, columns } = await run('Build', { rows });
        assert.equal(text, 'a,b,c\r\n"x,y","""q""",\r\n"line\nbreak"," pad ",\r\n,1.5,"{""d"":true}"\r\n');
        assert.deepEqual(columns, ['a', 'b', 'c']);
        assert.deepEqual((await run('Parse', { text })).rows.map(({ a }) => a), ['x,y', 'line\nbreak', '']);
    });

    it('makes formulas harmless, but not numbers, unless switched off', async () => {
        const rows = ['=1+1', '+SUM(A1)', '-2+3', '@x', '\tx', '-12.5', '+420', '-1,5', 'a=b', -7].map(v => ({ v }));
        const lines = (await run('Build', { rows, header: false, delimiter: 'pipe' })).text.split('\r\n');
        assert.deepEqual(lines.slice(0, 10), ['\'=1+1', '\'+SUM(A1)', '\'-2+3', '\'@x', '\'\tx', '-12.5', '+420', '-1,5', 'a=b', '-7']);
        assert.equal((await run('Build', { rows: [['=1+1']], escapeFormulas: false })).text, '=1+1\r\n');
    });

    it('makes formulas in column names harmless too', async () => {
        assert.match((await run('Build', { rows: [{ '=cmd()': 1 }] })).text, /^'=cmd\(\)/);
    });

    it('writes chosen columns, lists, and a file', async () => {
        const world = new World();
        assert.equal((await run('Build', { rows: [{ a: 1, b: 2 }], columns: 'b, c' })).text, 'b,c\r\n2,\r\n');
        const result = await run('Build', { rows: '[[1,2]]', filename: '../x.csv', bom: true, delimiter: 'semicolon' }, world);
        assert.equal(result.filename, '.._x.csv');
        assert.equal(world.file(result.fileId).bytes.toString(), '\ufeff1;2\r\n');
    });

    it('refuses rows that are no rows', async () => {
        await cancels(run('Build', { rows: [1] }), /Row 1/);
        await cancels(run('Build', { rows: [[1], { a: 1 }] }), /one kind/);
        await cancels(run('Build', { rows: 'x' }), /not JSON/);
    });
});

describe('the other CSV actions', () => {

    const rows = [{ Name: 'Ann', Points: '12' }, { Name: 'Bob', Points: '9' }];

    it('Filter rows compares a column', async () => {
        assert.deepEqual(await run('FilterRows', { rows, column: 'Points', operator: 'greater', value: 9 }), { rows: [rows[0]], count: 1, removed: 1 });
        assert.deepEqual((await run('FilterRows', { rows: [['a', 1], ['b', 2]], column: '2', operator: 'equals', value: '2' })).rows, [['b', 2]]);
        await cancels(run('FilterRows', { rows, column: 'Nope', operator: 'isEmpty' }), /No row has a column/);
    });

    it('Choose columns orders and renames', async () => {
        assert.deepEqual(await run('ChooseColumns', { rows, columns: 'Points > Score, Name, Mail' }),
            { rows: [{ Score: '12', Name: 'Ann', Mail: '' }, { Score: '9', Name: 'Bob', Mail: '' }], columns: ['Score', 'Name', 'Mail'], count: 2 });
        await cancels(run('ChooseColumns', { rows, columns: 'Mail', missing: 'fail' }), /No row has/);
        await cancels(run('ChooseColumns', { rows, columns: 'Name, Points > Name' }), /same name/);
    });

    it('Append row follows the header and the delimiter of the file', async () => {
        const world = new World();
        const fileId = world.addFile('a.csv', 'Name;Points\nAnn;12');
        const result = await run('AppendRow', { fileId, row: { Points: '=1', Name: 'B;b' } }, world);
        assert.equal(result.line, '"B;b";\'=1');
        assert.equal(world.file(fileId).bytes.toString(), 'Name;Points\nAnn;12\n"B;b";\'=1\n');
        await cancels(run('AppendRow', { fileId, row: { Nope: 1 } }, world), /no column "Nope"/);
    });

    it('Append row loses nothing when several rows come at once', async () => {
        const world = new World();
        const fileId = world.addFile('a.csv', 'n\r\n');
        await Promise.all(Array.from({ length: 10 }, (none, n) => run('AppendRow', { fileId, row: [n] }, world)));
        const lines = world.file(fileId).bytes.toString().trim().split('\r\n');
        assert.deepEqual(lines.slice(1).map(Number).sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    it('List columns describes the rows of Parse CSV, and copes with nothing', async () => {
        const component = new Component('csv.ListColumns');
        assert.deepEqual(await component.out({}), { columns: [] });
        const content = await component.out({ text: 'a;b\n1;2' });
        assert.deepEqual(content, { columns: ['a', 'b'] });
        const options = component.module.toOutPort(content);
        assert.deepEqual(Object.keys(options[0].schema.items.properties), ['a', 'b']);
        assert.deepEqual(options.map(({ value }) => value), new Component('csv.Parse').manifest.outPorts[0].options.map(({ value }) => value));
    });
});
