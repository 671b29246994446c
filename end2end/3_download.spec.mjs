// 3. "Download this module": any module comes down as a zip, the same bytes each time.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import { install, upload } from './client.mjs';
import { expect, gotoHydrated, makeModuleZip, test } from './fixtures.mjs';

async function download(page, name) {
  await gotoHydrated(page, `/backoffice/modules/${name}`);
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download this module' }).click(),
  ]);
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
}

test('a module of the catalogue comes down as a zip', async ({ page }) => {
  const { name, bytes } = await download(page, 'stockroom.timers');
  expect(name).toBe('stockroom.timers-1.2.0.zip');
  expect(bytes.subarray(0, 4).toString('latin1')).toBe('PK\u0003\u0004');
  const files = unzipSync(bytes);
  const bundle = JSON.parse(new TextDecoder().decode(files['stockroom/timers/bundle.json']));
  expect(bundle).toMatchObject({ name: 'stockroom.timers', version: '1.2.0' });
  expect(Object.keys(files)).toContain('stockroom/timers/core/Every/Every.js');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await expect(page.getByRole('complementary', { name: 'Facts' })).toContainText(sha256);
});

test('installed, it comes down with the same bytes', async ({ page, server }) => {
  const before = await download(page, 'stockroom.csv');
  await install(server, 'stockroom.csv');
  const after = await download(page, 'stockroom.csv');
  expect(after.name).toBe(before.name);
  expect(after.bytes.equals(before.bytes)).toBe(true);
});

test('what was uploaded comes down byte for byte, after a restart too', async ({ page, server }) => {
  const zip = makeModuleZip({ name: 'acme.own', version: '0.3.0-beta.1' });
  await upload(server, zip);
  const { name, bytes } = await download(page, 'acme.own');
  expect(name).toBe('acme.own-0.3.0-beta.1.zip');
  expect(bytes.equals(zip)).toBe(true);
  await server.restart();
  expect((await download(page, 'acme.own')).bytes.equals(zip)).toBe(true);
});

test('an earlier version that is kept can be downloaded, too', async ({ page, server }) => {
  const old = makeModuleZip({ name: 'acme.own', version: '1.0.0' });
  await upload(server, old);
  await upload(server, makeModuleZip({ name: 'acme.own', version: '1.1.0' }));
  await gotoHydrated(page, '/backoffice/modules/acme.own');
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download version 1.0.0' }).click(),
  ]);
  expect((await readFile(await file.path())).equals(old)).toBe(true);
});
