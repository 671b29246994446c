// Every page, dialog and state: axe finds nothing, in light and dark, and nothing is wider than a telephone.
import { remoteTest, test as offeringTest, writeTree } from './catalogue.mjs';
import { install, remove, upload, uploadBroken } from './client.mjs';
import { axeCheck, expect, gotoHydrated, makeModuleZip, makeZip, test } from './fixtures.mjs';
import { checkLook as check, DESKTOP } from './look.mjs';
import { card, searchBox, toast } from './locators.mjs';

test('the list, full and without a result', async ({ page, server }) => {
  await install(server, 'stockroom.timers');
  await gotoHydrated(page, '/backoffice/modules');
  await check(page);
  await searchBox(page).fill('zzz');
  await expect(page.getByText('No module matches.')).toBeVisible();
  await check(page);
});

test('a module before, after and removed', async ({ page, server }) => {
  await gotoHydrated(page, '/backoffice/modules/stockroom.gitlab');
  await check(page);
  await install(server, 'stockroom.gitlab');
  await expect(page.getByText('Needs configuration.')).toBeVisible();
  await check(page);
  await remove(server, 'stockroom.gitlab');
  await expect(page.getByText('This module was removed.')).toBeVisible();
  await check(page);
});

test('the question before a removal, and the message after it', async ({ page, server }) => {
  await install(server, 'stockroom.gitlab');
  await gotoHydrated(page, '/backoffice/modules/stockroom.gitlab');
  await page.getByRole('button', { name: 'Remove this module' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await check(page);
  await page.setViewportSize(DESKTOP);
  await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(toast(page, 'GitLab was removed.')).toBeVisible();
  await axeCheck(page, { soft: true });
});

test('the question before a removal as a page', async ({ page, server }) => {
  await install(server, 'stockroom.gitlab');
  await gotoHydrated(page, '/backoffice/modules/stockroom.gitlab?remove=');
  await expect(page.getByRole('group', { name: 'Remove GitLab?' })).toBeVisible();
  await check(page);
});

test('the upload dialog, empty and with a refusal', async ({ page }) => {
  await gotoHydrated(page, '/backoffice/modules');
  await page.getByRole('button', { name: 'Add module from your filesystem' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add module from your filesystem' });
  await expect(dialog).toBeVisible();
  await check(page);
  await page.setViewportSize(DESKTOP);
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), dialog.getByText('browse your files').click()]);
  const name = `${'a-very-long-name-'.repeat(6)}.zip`;
  await chooser.setFiles({ name, mimeType: 'application/zip', buffer: makeModuleZip({ name: 'acme.own', version: 'one' }) });
  await dialog.getByRole('button', { name: 'Upload' }).click();
  await expect(dialog.getByRole('alert')).toContainText('It was not installed.');
  await check(page);
});

test('the upload page and the page of an installation', async ({ page, server }) => {
  await gotoHydrated(page, '/backoffice/upload');
  await check(page);
  await gotoHydrated(page, '/backoffice/upload?refused=415');
  await check(page);
  const done = await upload(server, makeModuleZip({ name: 'acme.own' }));
  await gotoHydrated(page, `/backoffice/jobs/${done}`);
  await expect(page.getByText('Own is installed.')).toBeVisible();
  await check(page);
  const failed = await uploadBroken(server, makeZip({ 'readme.txt': 'nothing' }));
  await gotoHydrated(page, `/backoffice/jobs/${failed}`);
  await expect(page.getByRole('alert')).toBeVisible();
  await check(page);
});

test('ACL: both tables, presets, the form and an answer', async ({ page }) => {
  await gotoHydrated(page, '/backoffice/acl');
  await page.getByRole('heading', { name: 'Presets' }).click();
  await check(page);
  await page.getByRole('link', { name: 'Use the preset Testers try every module first' }).click();
  await expect(page.getByRole('button', { name: 'Replace all rules' })).toBeVisible();
  await check(page);
  await gotoHydrated(page, '/backoffice/acl?type=routes');
  await check(page);
  await gotoHydrated(page, '/backoffice/acl');
  await page.getByRole('link', { name: /^Edit the rule admin/ }).click();
  await expect(page.getByRole('button', { name: 'Save' })).toBeVisible();
  await check(page);
  await gotoHydrated(page, '/backoffice/acl?role=user&component=stockroom.timers.core.Every');
  await expect(page.getByText('Denied')).toBeVisible();
  await check(page);
});

test('what is not there', async ({ page }) => {
  await gotoHydrated(page, '/backoffice/modules/acme.nothing');
  await check(page);
});

offeringTest.describe('modules out of the ordinary', () => {
  const long = 'x'.repeat(60);
  offeringTest.use({
    offered: {
      modules: [
        {
          name: `acme.${long}`,
          label: `Longest ${'W'.repeat(80)}`,
          description: `# Head\n\n${'y'.repeat(200)}\n\n| a | b |\n|---|---|\n| ${'z'.repeat(90)} | ${'w'.repeat(90)} |\n`,
          components: Array.from({ length: 14 }, (_, place) => `C${place}${long.slice(4)}`),
        },
      ],
    },
  });

  offeringTest('long names, many components, and a broken one', async ({ page, catalogue }) => {
    await writeTree(catalogue, { 'acme/bad/bundle.json': '{ "name": "acme.bad", "version": 1 }' });
    await gotoHydrated(page, '/backoffice/modules');
    await expect(card(page, 'acme.bad')).toBeVisible();
    await check(page);
    await gotoHydrated(page, '/backoffice/modules/acme.bad');
    await check(page);
    await gotoHydrated(page, `/backoffice/modules/acme.${long}`);
    await check(page);
  });
});

offeringTest('an empty catalogue', async ({ page }) => {
  await gotoHydrated(page, '/backoffice/modules');
  await expect(page.getByText('There are no modules yet.')).toBeVisible();
  await check(page);
});

remoteTest.describe('an installation', () => {
  remoteTest.use({ offered: { modules: [{ name: 'acme.slow' }] } });

  remoteTest('under way, and failed', async ({ page, remote }) => {
    remote.pace = 'drip';
    await gotoHydrated(page, '/backoffice/modules/acme.slow');
    await page.getByRole('button', { name: 'Install this module' }).click();
    await expect(page.getByRole('timer')).toBeVisible();
    await check(page);
    await page.setViewportSize(DESKTOP);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect(page.getByRole('timer')).toHaveCount(0);
    remote.pace = 'all';
    remote.replaceArchive('acme.slow-1.0.0.zip', makeModuleZip({ name: 'acme.slow', label: 'Other' }));
    await page.getByRole('button', { name: 'Install this module' }).click();
    await expect(page.getByRole('alert')).toContainText('SHA-256');
    await check(page);
  });
});
