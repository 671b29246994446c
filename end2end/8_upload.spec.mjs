// 8. From the filesystem: a dialog that takes one zip by browsing or dropping, sends it and follows its installation.
import { randomBytes } from 'node:crypto';
import { upload } from './client.mjs';
import { expect, gotoHydrated, makeModuleZip, makeZip, moduleFiles, test } from './fixtures.mjs';
import { card, installedBadge, searchBox, status } from './locators.mjs';

const OWN = { name: 'acme.own', label: 'Own' };
const dialog = (page) => page.getByRole('dialog', { name: 'Add module from your filesystem' });
const uploadButton = (page) => dialog(page).getByRole('button', { name: 'Upload' });
const zipFile = (name, buffer) => ({ name, mimeType: 'application/zip', buffer });

async function openDialog(page) {
  await gotoHydrated(page, '/backoffice/modules');
  await page.getByRole('button', { name: 'Add module from your filesystem' }).click();
  await expect(dialog(page)).toBeVisible();
}

async function browse(page, file) {
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    dialog(page).getByText('browse your files').click(),
  ]);
  expect(chooser.isMultiple()).toBe(false);
  await chooser.setFiles(file);
}

async function drop(page, target, ...files) {
  const dropped = await page.evaluateHandle(
    (all) => {
      const data = new DataTransfer();
      for (const { name, base64 } of all) {
        data.items.add(new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], name));
      }
      return data;
    },
    files.map(({ name, buffer }) => ({ name, base64: buffer.toString('base64') })),
  );
  for (const event of ['dragenter', 'dragover', 'drop']) await target.dispatchEvent(event, { dataTransfer: dropped });
}

/** Counts what is sent to the server's way in. */
function countUploads(page) {
  const sent = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && new URL(request.url()).pathname === '/components') sent.push(request);
  });
  return sent;
}

test('a zip that was chosen is shown with its size, sent, installed and listed', async ({ page }) => {
  await openDialog(page);
  await expect(uploadButton(page)).toBeDisabled();
  const zip = makeModuleZip(OWN);
  await browse(page, zipFile('own module.zip', zip));
  await expect(dialog(page)).toContainText('own module.zip');
  await expect(dialog(page)).toContainText(zip.length < 1000 ? `${zip.length} B` : `${Math.ceil(zip.length / 1000)} kB`);
  await uploadButton(page).click();
  await expect(dialog(page)).toContainText('Own 1.0.0 is installed.');
  await expect(installedBadge(card(page, 'acme.own'))).toBeVisible();
  await dialog(page).getByRole('link', { name: 'Open it' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Own' })).toBeVisible();
});

test('a module that comes while the list is on its way is in it', async ({ page, server }) => {
  let release;
  const heard = new Promise((resolve) => (release = resolve));
  await page.route('**/backoffice/index', async (route) => {
    const answer = await route.fetch();
    await heard;
    await route.fulfill({ response: answer });
  }, { times: 1 });
  await gotoHydrated(page, '/backoffice/modules');
  const asked = page.waitForResponse('**/backoffice/index');
  await searchBox(page).fill('own');
  await upload(server, makeModuleZip(OWN));
  await expect(page.getByRole('status').filter({ hasText: 'Own is installed.' })).toHaveCount(1);
  release();
  await asked;
  await expect(installedBadge(card(page, 'acme.own'))).toBeVisible();
  // And stays: no older list comes after it.
  await page.waitForLoadState('networkidle');
  await expect(installedBadge(card(page, 'acme.own'))).toBeVisible();
});

test('a zip can be dropped anywhere on the page', async ({ page }) => {
  await gotoHydrated(page, '/backoffice/modules');
  await drop(page, page.getByRole('heading', { level: 1 }), zipFile('dropped.zip', makeModuleZip(OWN)));
  await expect(dialog(page)).toContainText('dropped.zip');
  await uploadButton(page).click();
  await expect(dialog(page)).toContainText('Own 1.0.0 is installed.');
});

test('a zip can be dropped into the dialog, and another one takes its place', async ({ page }) => {
  await openDialog(page);
  await drop(page, dialog(page).getByText('Drop a zip here'), zipFile('first.zip', makeModuleZip(OWN)));
  await expect(dialog(page)).toContainText('first.zip');
  await drop(page, dialog(page).getByText('Drop a zip here'), zipFile('second.zip', makeModuleZip(OWN)));
  await expect(dialog(page)).toContainText('second.zip');
  await expect(dialog(page)).not.toContainText('first.zip');
});

test('several files at once are refused before anything is sent', async ({ page }) => {
  const sent = countUploads(page);
  await gotoHydrated(page, '/backoffice/modules');
  const zip = makeModuleZip(OWN);
  await drop(page, page.locator('body'), zipFile('one.zip', zip), zipFile('two.zip', zip));
  await expect(dialog(page).getByRole('alert')).toContainText('Only one module at a time');
  await expect(uploadButton(page)).toBeDisabled();
  expect(sent).toHaveLength(0);
});

test('what is no zip is refused before it is sent, whatever its name', async ({ page }) => {
  const sent = countUploads(page);
  await openDialog(page);
  await browse(page, zipFile('picture.zip', Buffer.from('\u0089PNG and so on')));
  await expect(dialog(page).getByRole('alert')).toContainText('This is not a zip file. Nothing was sent.');
  await expect(uploadButton(page)).toBeDisabled();
  expect(sent).toHaveLength(0);
  await browse(page, zipFile('own', makeModuleZip(OWN)));
  await expect(dialog(page).getByRole('alert')).toHaveCount(0);
  await expect(uploadButton(page)).toBeEnabled();
});

test.describe('with a low limit', () => {
  test.use({ serverEnv: { STOCKROOM_MAX_ARCHIVE_BYTES: '5000' } });

  test('a file over it is refused before it is sent', async ({ page }) => {
    const sent = countUploads(page);
    await openDialog(page);
    const large = makeModuleZip({ ...OWN, extraFiles: { 'acme/own/data.bin': randomBytes(5000) } });
    await browse(page, zipFile('large.zip', large));
    await expect(dialog(page).getByRole('alert')).toContainText('over the limit of 5 kB. Nothing was sent.');
    await expect(uploadButton(page)).toBeDisabled();
    expect(sent).toHaveLength(0);
  });
});

test('errors name the file and the field, all of them', async ({ page }) => {
  const files = moduleFiles({ ...OWN, version: 'one', components: ['Good', { name: 'Bad', manifest: { name: 'no name' } }] });
  await openDialog(page);
  await browse(page, zipFile('broken.zip', makeZip(files)));
  await uploadButton(page).click();
  const alert = dialog(page).getByRole('alert');
  await expect(alert).toContainText('It was not installed.');
  await expect(alert).toContainText('Nothing was changed.');
  await expect(alert.getByRole('listitem').filter({ hasText: 'acme/own/bundle.json at /version' })).toHaveCount(1);
  await expect(alert.getByRole('listitem').filter({ hasText: 'acme/own/core/Bad/component.json at /name' })).toHaveCount(1);
  await dialog(page).getByRole('button', { name: 'Close' }).click();
  await expect(card(page, 'acme.own')).toHaveCount(0);
});

test('after a refusal the next file starts afresh', async ({ page }) => {
  await openDialog(page);
  await browse(page, zipFile('broken.zip', makeZip({ 'readme.txt': 'nothing' })));
  await uploadButton(page).click();
  await expect(dialog(page).getByRole('alert')).toContainText('It was not installed.');
  await browse(page, zipFile('own.zip', makeModuleZip(OWN)));
  await expect(dialog(page).getByRole('alert')).toHaveCount(0);
  await uploadButton(page).click();
  await expect(dialog(page)).toContainText('Own 1.0.0 is installed.');
});

test('the same file again says that nothing has changed', async ({ page, server }) => {
  const zip = makeModuleZip(OWN);
  await upload(server, zip);
  await openDialog(page);
  await browse(page, zipFile('own.zip', zip));
  await uploadButton(page).click();
  await expect(dialog(page)).toContainText('is installed already with this very content. Nothing was changed.');
});

test('a lower version asks first, then replaces', async ({ page, server }) => {
  await upload(server, makeModuleZip({ ...OWN, version: '2.0.0' }));
  await openDialog(page);
  await browse(page, zipFile('own-1.zip', makeModuleZip({ ...OWN, version: '1.0.0' })));
  await uploadButton(page).click();
  await expect(dialog(page).getByRole('alert')).toContainText('Version 1.0.0 is older than 2.0.0, which is installed.');
  await expect(card(page, 'acme.own')).toContainText('2.0.0');
  await dialog(page).getByRole('button', { name: 'Replace the newer version' }).click();
  await expect(dialog(page)).toContainText('Own 1.0.0 is installed.');
  await expect(card(page, 'acme.own')).toContainText('1.0.0');
});

test.describe('over a slow line', () => {
  const LARGE = { ...OWN, extraFiles: { 'acme/own/data.bin': randomBytes(300_000) } };

  test.beforeEach(async ({ page }) => {
    await openDialog(page);
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: 100_000,
    });
    await browse(page, zipFile('large.zip', makeModuleZip(LARGE)));
    await uploadButton(page).click();
  });

  test('the progress counts what was sent, until it is installed', async ({ page }) => {
    const bar = dialog(page).getByRole('progressbar', { name: 'Upload' });
    const percent = async () => Number(await bar.getAttribute('value', { timeout: 1000 }));
    await expect.poll(percent, { intervals: [50] }).toBeGreaterThan(0);
    const early = await percent();
    expect(early).toBeLessThan(100);
    await expect(dialog(page)).toContainText(/Uploading, \d+ %/);
    await expect.poll(percent, { intervals: [50] }).toBeGreaterThan(early);
    await expect(dialog(page)).toContainText('Own 1.0.0 is installed.', { timeout: 15_000 });
    await expect(bar).toHaveCount(0);
  });

  test('Cancel breaks it off, and nothing comes of it', async ({ page, server }) => {
    await expect(dialog(page)).toContainText('Uploading');
    await Promise.all([
      page.waitForEvent('requestfailed', (request) => request.url().endsWith('/components')),
      dialog(page).getByRole('button', { name: 'Cancel' }).click(),
    ]);
    await expect(dialog(page)).toBeHidden();
    await page.reload();
    await expect(status(page, 'All', 13)).toBeVisible();
    expect((await server.fetch('/backoffice/modules/acme.own')).status).toBe(404);
    await openDialog(page);
    await expect(dialog(page)).not.toContainText('large.zip');
  });
});

test('the dialog closes with Esc and forgets the file', async ({ page }) => {
  await openDialog(page);
  await browse(page, zipFile('own.zip', makeModuleZip(OWN)));
  await expect(dialog(page)).toContainText('own.zip');
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toBeHidden();
  await page.getByRole('button', { name: 'Add module from your filesystem' }).click();
  await expect(dialog(page)).not.toContainText('own.zip');
  await expect(uploadButton(page)).toBeDisabled();
});

test('the same file can be chosen again after it was mended on the disk', async ({ page }) => {
  await openDialog(page);
  await browse(page, zipFile('own.zip', makeZip({ 'readme.txt': 'nothing' })));
  await uploadButton(page).click();
  await expect(dialog(page).getByRole('alert')).toContainText('It was not installed.');
  await browse(page, zipFile('own.zip', makeModuleZip(OWN)));
  await expect(uploadButton(page)).toBeEnabled();
  await uploadButton(page).click();
  await expect(dialog(page)).toContainText('Own 1.0.0 is installed.');
});
