// The engine's command-line client, as npm has it, against the server: what developers do all day works unchanged.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ADMIN, expect } from './fixtures.mjs';
import { below, files, MISSING, test } from './official-client.mjs';
import { addUser } from './people.mjs';

// All but ListColumns, which is private: the first rules of the ACL do not show it.
const CSV = ['AppendRow', 'Build', 'ChooseColumns', 'FilterRows', 'Parse'].map((name) => `stockroom.csv.core.${name}`);
const INBOX = { name: 'acme.mail.inbox', version: '1.0.0', components: ['Read', 'Send'] };

test.skip(Boolean(MISSING), `The command-line client is not installed: ${MISSING}`);
// The client asks for the outcome of a publication only after five seconds.
test.setTimeout(120_000);

test('login: a wrong password is told, the right one gives a token', async ({ client, server }) => {
  await client.succeed('url', server.url);
  const without = await client.fail('component', 'ls');
  expect(without).toContain('Sign in first.');
  const wrong = await client.login({ ...ADMIN, password: 'not the password' });
  expect(wrong.code).toBe(1);
  expect(wrong.output).toContain('The e-mail address or the password is wrong.');
  const right = await client.login(ADMIN);
  expect(right.code, right.output).toBe(0);
  const state = JSON.parse(await readFile(join(client.folder, '.home/.config/configstore/appmixer.json'), 'utf8'));
  expect(state.token.split('.')).toHaveLength(3);
  expect(JSON.parse(atob(state.token.split('.')[1])).exp).toBeGreaterThan(Date.now() / 1000);
  expect(state.user.email).toBe(ADMIN.email);
  expect((await client.login(ADMIN)).output).toContain('Already logged in');
});

test('a module is packed, published, listed, downloaded, updated and removed', async ({ client, server }) => {
  await client.connect(server);
  expect(await client.list('stockroom.csv')).toEqual([]);
  const packed = await client.pack(await client.copyModule('csv'), 'first');
  expect(await client.succeed('publish', packed)).toContain('Published.');

  await test.step('component ls', async () => {
    expect(await client.list()).toEqual(CSV);
    expect(await client.list('stockroom.csv')).toEqual(CSV);
    expect(await client.list('stockroom.csv.core.Parse')).toEqual(['stockroom.csv.core.Parse']);
    expect(await client.list('stockroom.nothing')).toEqual([]);
    const manifests = await client.succeed('component', 'ls', '-m', 'stockroom.csv.core.Parse');
    for (const text of ['stockroom.csv.core.Parse', 'inPorts', 'outPorts']) expect(manifests).toContain(text);
  });

  await test.step('download', async () => {
    const all = await files(packed);
    expect(await client.download('stockroom.csv', 'service')).toEqual(all);
    const component = await client.download('stockroom.csv.core.Parse', 'component');
    expect(below(component, 'stockroom/csv/core/Parse/')).toEqual(below(all, 'stockroom/csv/core/Parse/'));
    expect(below(component, 'stockroom/csv/core/Build/')).toEqual({});
    const module = await client.download('stockroom.csv.core', 'module');
    expect(below(module, 'stockroom/csv/core/')).toEqual(below(all, 'stockroom/csv/core/'));
    const file = Object.entries(await client.download('stockroom.csv.core.Parse/Parse.js', 'file'));
    expect(file).toHaveLength(1);
    expect(file[0][0]).toMatch(/(^|\/)Parse\.js$/);
    expect(file[0][1]).toEqual(all['stockroom/csv/core/Parse/Parse.js']);
    const nothing = await client.fail('download', 'stockroom.nothing', '-o', 'nothing');
    expect(nothing).toContain('Nothing found for stockroom.nothing');
  });

  await test.step('publish a higher version', async () => {
    const newer = await client.copyModule('csv', { version: '9.1.0', changelog: { '9.1.0': ['Much faster.'] } });
    const update = await client.pack(newer, 'second');
    expect(await client.succeed('publish', update)).toContain('Published.');
    const installed = await client.download('stockroom.csv', 'updated');
    expect(installed).toEqual(await files(update));
    expect(JSON.parse(new TextDecoder().decode(installed['stockroom/csv/bundle.json'])).version).toBe('9.1.0');
  });

  await test.step('an older one is refused with the reason', async () => {
    expect(await client.fail('publish', packed)).toMatch(/older than 9\.1\.0/);
  });

  await test.step('remove', async () => {
    await client.succeed('remove', 'stockroom.csv.core.Parse');
    expect(await client.list('stockroom.csv')).toEqual(CSV.filter((name) => !name.endsWith('.Parse')));
    await client.succeed('remove', 'stockroom.csv');
    expect(await client.list()).toEqual([]);
    await client.fail('remove', 'stockroom.csv');
  });
});

test('a module with a service above it, and a component alone', async ({ client, server }) => {
  await client.connect(server);
  const vendor = await client.writeModule(INBOX);
  const packed = await client.pack(join(vendor, 'mail/inbox'), 'inbox');
  expect(Object.keys(await files(packed))).toContain('acme/mail/service.json');
  expect(await client.succeed('publish', packed)).toContain('Published.');
  expect(await client.list('acme')).toEqual(['acme.mail.inbox.Read', 'acme.mail.inbox.Send']);
  expect(await client.download('acme.mail', 'whole')).toEqual(await files(packed));
  const module = await client.download('acme.mail.inbox', 'module');
  expect(below(module, 'acme/mail/inbox/')).toEqual(below(await files(packed), 'acme/mail/inbox/'));
  await client.succeed('remove', 'acme.mail.inbox');
  expect(await client.list()).toEqual([]);
});

test('a broken module is refused, each reason with its place', async ({ client, server }) => {
  await client.connect(server);
  const packed = await client.pack(await client.copyModule('csv', { version: 'one' }), 'broken');
  const told = await client.fail('publish', packed);
  expect(told).toContain('stockroom/csv/bundle.json#/version');
  expect(told).not.toContain('Published.');
  expect(await client.list()).toEqual([]);
});

test('what is no zip is refused', async ({ client, server }) => {
  await client.connect(server);
  const file = join(await client.copyModule('csv'), 'bundle.json');
  expect(await client.fail('publish', file)).not.toContain('Published.');
});

test.describe('with a low limit', () => {
  test.use({ serverArgs: ['--max-archive-bytes', '5000'] });

  test('a zip over it is refused in words', async ({ client, server }) => {
    await client.connect(server);
    const packed = await client.pack(await client.copyModule('csv'), 'large');
    expect(await client.fail('publish', packed)).toContain('over the limit of 5000 bytes');
    expect(await client.list()).toEqual([]);
  });
});

test('who is no developer of a vendor neither publishes nor removes', async ({ client, server }) => {
  const ann = { email: 'ann@example.com', password: 'a sentence that ann knows' };
  await addUser(server, ann);
  await client.connect(server, ann);
  const packed = await client.pack(await client.copyModule('csv'), 'foreign');
  expect(await client.fail('publish', packed)).toContain('not a developer of');
  await client.fail('remove', 'stockroom.csv');
});
