// 7. "Remove this module": asked first, done at once, and taken back with Undo; and the update of a module.
import { offerModule, test as offeringTest } from './catalogue.mjs';
import { install, upload } from './client.mjs';
import { expect, gotoHydrated, makeModuleZip, test } from './fixtures.mjs';
import { card, cards, installedBadge, status, toast } from './locators.mjs';

const removeButton = (page) => page.getByRole('button', { name: 'Remove this module' });
const question = (page) => page.getByRole('dialog', { name: 'Remove Timers?' });
const header = (page) => page.getByRole('article').locator('header');

test.describe('an installed module', () => {
  test.beforeEach(async ({ page, server }) => {
    await install(server, 'stockroom.timers');
    await gotoHydrated(page, '/backoffice/modules/stockroom.timers');
  });

  test('is not removed before the question is answered', async ({ page }) => {
    await removeButton(page).click();
    await expect(question(page)).toContainText('Flows that use them go on, and fail where one is missing');
    await question(page).getByRole('button', { name: 'Cancel' }).click();
    await expect(question(page)).toBeHidden();
    await removeButton(page).click();
    await expect(question(page)).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(question(page)).toBeHidden();
    await expect(removeButton(page)).toBeFocused();
    await page.reload();
    await expect(installedBadge(header(page))).toBeVisible();
  });

  test('is removed, and the toast brings it back', async ({ page }) => {
    await removeButton(page).click();
    await question(page).getByRole('button', { name: 'Remove', exact: true }).click();
    await expect(page.getByRole('button', { name: 'Install this module' })).toBeVisible();
    await expect(installedBadge(header(page))).toHaveCount(0);
    await toast(page, 'Timers was removed.').getByRole('button', { name: 'Undo' }).click();
    await expect(installedBadge(header(page))).toBeVisible();
    await expect(removeButton(page)).toBeVisible();
    await page.reload();
    await expect(installedBadge(header(page))).toBeVisible();
  });

  test('can be brought back from its page later', async ({ page }) => {
    await removeButton(page).click();
    await question(page).getByRole('button', { name: 'Remove', exact: true }).click();
    await expect(page.getByText('This module was removed.')).toBeVisible();
    await page.reload();
    await page.getByRole('button', { name: 'Undo the removal' }).click();
    await expect(installedBadge(header(page))).toBeVisible();
    await expect(page.getByText('This module was removed.')).toHaveCount(0);
  });

  test('goes from the list and from another window at the same moment', async ({ context, page }) => {
    const [other, list] = [await context.newPage(), await context.newPage()];
    await gotoHydrated(other, '/backoffice/modules/stockroom.timers');
    await gotoHydrated(list, '/backoffice/modules');
    await expect(installedBadge(card(list, 'stockroom.timers'))).toBeVisible();
    await removeButton(page).click();
    await question(page).getByRole('button', { name: 'Remove', exact: true }).click();
    await expect(other.getByRole('button', { name: 'Install this module' })).toBeVisible();
    await expect(installedBadge(cards(list))).toHaveCount(0);
    await expect(status(list, 'Installed', 0)).toBeVisible();
  });

  test('removed in another window, a second removal is refused with the reason', async ({ context, page }) => {
    const other = await context.newPage();
    await gotoHydrated(other, '/backoffice/modules/stockroom.timers');
    await other.route('**/backoffice/events*', (route) => route.abort());
    await other.reload();
    await removeButton(other).click();
    await removeButton(page).click();
    await question(page).getByRole('button', { name: 'Remove', exact: true }).click();
    await expect(page.getByRole('button', { name: 'Install this module' })).toBeVisible();
    await question(other).getByRole('button', { name: 'Remove', exact: true }).click();
    await expect(toast(other, 'stockroom.timers is not installed.')).toBeVisible();
    await expect(other.getByRole('button', { name: 'Install this module' })).toBeVisible();
  });
});

test('an uploaded module goes from the list, and Undo brings the same bytes back', async ({ page, server }) => {
  const zip = makeModuleZip({ name: 'acme.own', label: 'Own' });
  await upload(server, zip);
  await gotoHydrated(page, '/backoffice/modules/acme.own');
  await removeButton(page).click();
  await page.getByRole('dialog', { name: 'Remove Own?' }).getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(toast(page, 'Own was removed.')).toBeVisible();
  const list = await page.context().newPage();
  await gotoHydrated(list, '/backoffice/modules');
  await expect(cards(list)).toHaveCount(13);
  await toast(page, 'Own was removed.').getByRole('button', { name: 'Undo' }).click();
  await expect(card(list, 'acme.own')).toBeVisible();
  const back = await server.fetch('/backoffice/modules/acme.own/download');
  expect(Buffer.from(await back.arrayBuffer()).equals(zip)).toBe(true);
});

offeringTest.describe('a newer version comes into the catalogue', () => {
  const first = { name: 'acme.mail', label: 'Mail', version: '1.0.0', components: ['Send', 'Poll'] };
  const second = {
    ...first,
    version: '2.0.0',
    description: 'Now with receipts.',
    components: ['Send', 'Receive'],
    changelog: { '2.0.0': ['Receives as well.'], '1.0.0': ['First version.'] },
  };
  offeringTest.use({ offered: { modules: [first] } });

  offeringTest('the list says so, and the filter finds it', async ({ page, server, catalogue }) => {
    await install(server, 'acme.mail');
    await gotoHydrated(page, '/backoffice/modules');
    await expect(status(page, 'Update available', 0)).toBeVisible();
    await offerModule(catalogue, second);
    await expect(card(page, 'acme.mail')).toContainText('Update to 2.0.0');
    await status(page, 'Update available', 1).click();
    await expect(card(page, 'acme.mail')).toBeVisible();
    await expect(page).toHaveURL(/status=update/);
  });

  offeringTest('the page shows what would change, and updates', async ({ page, server, catalogue }) => {
    await install(server, 'acme.mail');
    await offerModule(catalogue, second);
    await gotoHydrated(page, '/backoffice/modules');
    await expect(card(page, 'acme.mail')).toContainText('Update to 2.0.0');
    await gotoHydrated(page, '/backoffice/modules/acme.mail');
    const news = page.getByRole('group').filter({ hasText: 'Version 2.0.0 is available.' });
    await expect(news).toContainText('A major version');
    await expect(news).toContainText('It drops 1 component.');
    await news.getByText('What it changes').click();
    await expect(news).toContainText('Receives as well.');
    await expect(news).not.toContainText('First version.');
    await expect(news).toContainText('Added: acme.mail.core.Receive');
    await expect(news).toContainText('Removed: acme.mail.core.Poll');

    await page.getByRole('button', { name: 'Update to 2.0.0' }).click();
    await expect(header(page)).toContainText('2.0.0');
    await expect(page.getByRole('button', { name: 'Update to 2.0.0' })).toHaveCount(0);
    // The page is about the new version now, all of it.
    const components = page.getByRole('region', { name: /^Components/ });
    await expect(components).toContainText('acme.mail.core.Receive');
    await expect(components).not.toContainText('acme.mail.core.Poll');
    await expect(page.getByRole('article')).toContainText('Now with receipts.');
  });

  offeringTest('the version before can be put back from the list of versions', async ({ page, server, catalogue }) => {
    await offerModule(catalogue, second);
    await gotoHydrated(page, '/backoffice/modules');
    await expect(card(page, 'acme.mail')).toContainText('2.0.0');
    await install(server, 'acme.mail');
    await gotoHydrated(page, '/backoffice/modules/acme.mail');
    await page.getByRole('button', { name: 'Install version 1.0.0' }).click();
    await expect(page.getByRole('button', { name: 'Update to 2.0.0' })).toBeVisible();
    await expect(header(page)).toContainText('1.0.0');
  });
});
