// 4. "Install this module": started, watched, cancelled and tried again.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { offerModule, remoteTest, test as offeringTest } from './catalogue.mjs';
import { expect, gotoHydrated, makeModuleZip, test } from './fixtures.mjs';
import { card, installedBadge } from './locators.mjs';

const installButton = (page) => page.getByRole('button', { name: 'Install this module' });
const removeButton = (page) => page.getByRole('button', { name: 'Remove this module' });
const steps = (page) => page.getByRole('list', { name: 'Steps of the installation' });
const header = (page) => page.getByRole('article').locator('header');

test('the badge appears without a reload, in another window and in the list as well', async ({ context, page }) => {
  const [other, list] = [await context.newPage(), await context.newPage()];
  await gotoHydrated(page, '/backoffice/modules/stockroom.timers');
  await gotoHydrated(other, '/backoffice/modules/stockroom.timers');
  await gotoHydrated(list, '/backoffice/modules');
  await installButton(page).click();
  for (const window of [page, other]) {
    await expect(installedBadge(header(window))).toBeVisible();
    await expect(removeButton(window)).toBeVisible();
    await expect(installButton(window)).toHaveCount(0);
  }
  await expect(installedBadge(card(list, 'stockroom.timers'))).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: 'Timers is installed.' })).toHaveCount(1);
});

test.describe('where the data folder is the default', () => {
  test.use({ defaultData: true });

  test('a module is installed there', async ({ page, server }) => {
    await gotoHydrated(page, '/backoffice/modules/stockroom.timers');
    await installButton(page).click();
    await expect(installedBadge(header(page))).toBeVisible();
    expect(await readdir(join(server.dataDir, 'modules'))).toHaveLength(1);
  });
});

test('it is still installed after the server has ended and begun again', async ({ page, server }) => {
  await gotoHydrated(page, '/backoffice/modules/stockroom.timers');
  await installButton(page).click();
  await expect(removeButton(page)).toBeVisible();
  await server.kill9();
  await server.restart();
  await page.reload();
  await expect(installedBadge(header(page))).toBeVisible();
});

remoteTest.describe('a slow catalogue', () => {
  remoteTest.use({ offered: { modules: [{ name: 'acme.slow', label: 'Slow', components: ['Wait'] }] } });
  remoteTest.beforeEach(({ remote }) => {
    remote.pace = 'drip';
  });

  remoteTest('step and time are shown, and survive a reload', async ({ page }) => {
    await gotoHydrated(page, '/backoffice/modules/acme.slow');
    await installButton(page).click();
    await expect(steps(page).getByRole('listitem')).toHaveText(['Fetch', 'Check', 'Unpack', 'Build', 'Register', 'Activate']);
    await expect(steps(page).getByText('Fetch')).toHaveAttribute('aria-current', 'step');
    await expect(page.getByRole('status').filter({ hasText: 'Installing Slow' })).toHaveCount(1);
    await expect(installButton(page)).toBeDisabled();
    const elapsed = page.getByRole('timer', { name: 'Elapsed time' });
    const seconds = async () => {
      const [minutes, rest] = (await elapsed.textContent()).split(':');
      return 60 * Number(minutes) + Number(rest);
    };
    const first = await seconds();
    await expect.poll(seconds).toBeGreaterThan(first);
    const before = await seconds();
    await page.reload();
    await expect(steps(page).getByText('Fetch')).toHaveAttribute('aria-current', 'step');
    expect(await seconds()).toBeGreaterThanOrEqual(before);
  });

  remoteTest('the list and another window show that it runs, and that it is done', async ({ context, page, remote }) => {
    const [other, list] = [await context.newPage(), await context.newPage()];
    await gotoHydrated(page, '/backoffice/modules/acme.slow');
    await gotoHydrated(other, '/backoffice/modules/acme.slow');
    await gotoHydrated(list, '/backoffice/modules');
    await installButton(page).click();
    await expect(card(list, 'acme.slow')).toContainText('Fetch');
    await expect(steps(other)).toBeVisible();
    remote.pace = 'all';
    await expect(installedBadge(card(list, 'acme.slow'))).toBeVisible();
    for (const window of [page, other]) {
      await expect(installedBadge(header(window))).toBeVisible();
      await expect(steps(window)).toHaveCount(0);
    }
  });

  remoteTest('Cancel stops it, nothing is changed, and the next try succeeds', async ({ page, remote }) => {
    await gotoHydrated(page, '/backoffice/modules/acme.slow');
    await installButton(page).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect(steps(page)).toHaveCount(0);
    await expect(page.getByRole('status').filter({ hasText: 'was cancelled. Nothing was changed.' })).toHaveCount(1);
    await expect(page.getByRole('main').getByText('The installation was cancelled.')).toBeVisible();
    await expect(installedBadge(header(page))).toHaveCount(0);
    remote.pace = 'all';
    await installButton(page).click();
    await expect(installedBadge(header(page))).toBeVisible();
  });

  remoteTest('Cancel stops it even while the catalogue is silent', async ({ page, remote }) => {
    remote.pace = 'silent';
    await gotoHydrated(page, '/backoffice/modules/acme.slow');
    await installButton(page).click();
    await expect.poll(() => remote.asked.length).toBe(1);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect(steps(page)).toHaveCount(0);
    await expect(installButton(page)).toBeEnabled();
  });

  remoteTest('pressed twice, and in two windows, it is one installation', async ({ context, page, remote }) => {
    const other = await context.newPage();
    await gotoHydrated(page, '/backoffice/modules/acme.slow');
    await gotoHydrated(other, '/backoffice/modules/acme.slow');
    const started = new Set();
    for (const window of [page, other]) {
      window.on('response', async (response) => {
        if (response.url().endsWith('/install_module')) started.add((await response.json()).id);
      });
    }
    // Not `dblclick`: it would wait for the button, which is switched off as soon as one of the clicks is heard.
    const twice = (button) => { button.click(); button.click(); };
    await Promise.all([installButton(page).evaluate(twice), installButton(other).evaluate(twice)]);
    await expect(steps(page)).toBeVisible();
    await expect(steps(other)).toBeVisible();
    remote.pace = 'all';
    await expect(installedBadge(header(page))).toBeVisible();
    await expect(installedBadge(header(other))).toBeVisible();
    expect(started.size).toBe(1);
    expect(remote.asked).toHaveLength(1);
  });
});

remoteTest.describe('an archive that is not the one announced', () => {
  remoteTest.use({ offered: { modules: [{ name: 'acme.changed', label: 'Changed' }] } });

  remoteTest('is refused with the reason; nothing was changed, and Retry goes on', async ({ page, remote }) => {
    const other = makeModuleZip({ name: 'acme.changed', label: 'Changed', description: 'Something else.' });
    remote.replaceArchive('acme.changed-1.0.0.zip', other);
    await gotoHydrated(page, '/backoffice/modules/acme.changed');
    await installButton(page).click();
    const alert = page.getByRole('alert').filter({ hasText: 'It was not installed.' });
    await expect(alert).toContainText('SHA-256');
    await expect(alert).toContainText('Nothing was changed.');
    await expect(installedBadge(header(page))).toHaveCount(0);
    await page.reload();
    await expect(alert).toContainText('SHA-256');

    await alert.getByRole('button', { name: 'Retry' }).click();
    await expect.poll(() => remote.asked.length).toBe(2);
    await expect(alert).toContainText('SHA-256');
    remote.mend();
    await alert.getByRole('button', { name: 'Retry' }).click();
    await expect(installedBadge(header(page))).toBeVisible();
    await expect(alert).toHaveCount(0);
  });
});

remoteTest.describe('a catalogue that is down', () => {
  remoteTest.use({ offered: { modules: [{ name: 'acme.far', label: 'Far' }] } });

  remoteTest('is still listed, with a quiet note', async ({ page, remote, server }) => {
    await remote.remove();
    await server.restart();
    await gotoHydrated(page, '/backoffice/modules');
    await expect(card(page, 'acme.far')).toBeVisible();
    await expect
      .poll(async () => {
        await page.reload();
        return page.getByText('Some catalogues could not be read').isVisible();
      })
      .toBe(true);
    await expect(card(page, 'acme.far')).toBeVisible();
  });
});

offeringTest('a module that comes into the catalogue shows at once', async ({ page, catalogue }) => {
  await gotoHydrated(page, '/backoffice/modules');
  await expect(page.getByText('There are no modules yet.')).toBeVisible();
  await offerModule(catalogue, { name: 'acme.late', label: 'Late' });
  await expect(card(page, 'acme.late')).toBeVisible();
});
