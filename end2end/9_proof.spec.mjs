// 9. The proof: an hour after sign-in, whoever changes something gives the password once more.
import { ADMIN, expect, gotoHydrated, makeModuleZip, test } from './fixtures.mjs';
import { heading, installedBadge, toast } from './locators.mjs';
import { checkLook } from './look.mjs';
import { ageProofs } from './people.mjs';

const OWN = { name: 'acme.own', label: 'Own' };
const OWN_ZIP = { name: 'own.zip', mimeType: 'application/zip', buffer: makeModuleZip(OWN) };

test.describe('in a dialog', () => {
  const proof = (page) => page.getByRole('dialog', { name: 'Confirm your password' });
  const header = (page) => page.getByRole('article').locator('header');

  async function prove(page, password) {
    await proof(page).getByLabel('Password').fill(password);
    await proof(page).getByRole('button', { name: 'Confirm' }).click();
  }

  test.beforeEach(({ server }) => ageProofs(server));

  test('an installation asks, says that a password is wrong, and goes on with the right one', async ({ page }) => {
    await gotoHydrated(page, '/backoffice/modules/stockroom.timers');
    await page.getByRole('button', { name: 'Install this module' }).click();
    await expect(proof(page)).toBeVisible();
    await expect(proof(page).getByLabel('Password')).toBeFocused();
    await prove(page, 'not the password');
    await expect(proof(page).getByRole('alert')).toHaveText('This is not your password.');
    await expect(installedBadge(header(page))).toHaveCount(0);
    await prove(page, ADMIN.password);
    await expect(proof(page)).toHaveCount(0);
    await expect(installedBadge(header(page))).toBeVisible();
    // The proof holds for the next change.
    await page.getByRole('button', { name: 'Add ACL rule for users' }).click();
    await expect(toast(page, 'Users can use this module now.')).toBeVisible();
    await expect(proof(page)).toHaveCount(0);
  });

  test('cancelled, nothing is changed, and it asks again', async ({ page, server }) => {
    await gotoHydrated(page, '/backoffice/modules/stockroom.timers');
    for (let times = 0; times < 2; times += 1) {
      await page.getByRole('button', { name: 'Install this module' }).click();
      await expect(proof(page)).toBeVisible();
      if (times === 0) await proof(page).getByRole('button', { name: 'Cancel' }).click();
      else await page.keyboard.press('Escape');
      await expect(proof(page)).toHaveCount(0);
      await expect(toast(page, 'Confirm your password to go on. Nothing was changed.').first()).toBeVisible();
    }
    await expect(installedBadge(header(page))).toHaveCount(0);
    const { rows } = await (await server.fetch('/backoffice/index')).json();
    expect(rows.some((row) => JSON.stringify(row).includes('"installed":"'))).toBe(false);
  });

  test('a rule of the ACL asks, and keeps what was typed', async ({ page }) => {
    await gotoHydrated(page, '/backoffice/acl');
    const form = page.getByRole('region', { name: 'Add a rule' });
    await form.getByLabel('Role').fill('tester');
    await form.getByLabel('Resource').fill('acme.*');
    await form.getByRole('button', { name: 'Add' }).click();
    await expect(proof(page)).toBeVisible();
    await prove(page, ADMIN.password);
    await expect(page.getByRole('region', { name: 'ACL rules', exact: true })).toContainText('tester');
  });

  test('an upload asks above its own dialog, and goes on', async ({ page }) => {
    await gotoHydrated(page, '/backoffice/modules');
    await page.getByRole('button', { name: 'Add module from your filesystem' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add module from your filesystem' });
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      dialog.getByText('browse your files').click(),
    ]);
    await chooser.setFiles(OWN_ZIP);
    await dialog.getByRole('button', { name: 'Upload' }).click();
    await expect(proof(page)).toBeVisible();
    await prove(page, 'not the password');
    await expect(proof(page).getByRole('alert')).toHaveText('This is not your password.');
    await prove(page, ADMIN.password);
    await expect(dialog).toContainText('Own 1.0.0 is installed.');
  });

  test('a token needs the proof, too', async ({ page }) => {
    await page.goto('/backoffice/account');
    await page.getByLabel('Name', { exact: true }).fill('Nightly');
    await page.getByRole('button', { name: 'Make token' }).click();
    await expect(page.getByText(/Confirm your password/).first()).toBeVisible();
    await expect(page.getByRole('textbox', { name: 'The new token' })).toHaveCount(0);
  });

  test('the dialog is accessible', async ({ page }) => {
    await gotoHydrated(page, '/backoffice/modules/stockroom.timers');
    await page.getByRole('button', { name: 'Install this module' }).click();
    await prove(page, 'not the password');
    await expect(proof(page).getByRole('alert')).toHaveText('This is not your password.');
    await checkLook(page);
  });
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test.beforeEach(({ server }) => ageProofs(server));

  test('is a page, which leads back', async ({ page }) => {
    await page.goto('/backoffice/modules/stockroom.timers');
    await page.getByRole('button', { name: 'Install this module' }).click();
    await expect(page.getByRole('alert')).toContainText('Confirm your password to go on. Nothing was changed.');
    await page.getByRole('link', { name: 'Confirm your password' }).click();
    await expect(heading(page, 'Confirm your password')).toBeVisible();
    await page.getByRole('main').getByLabel('Password').fill('not the password');
    await page.getByRole('main').getByRole('button', { name: 'Confirm' }).click();
    await expect(page.getByRole('alert')).toContainText('This is not your password.');
    await page.getByRole('main').getByLabel('Password').fill(ADMIN.password);
    await page.getByRole('main').getByRole('button', { name: 'Confirm' }).click();
    await expect(page).toHaveURL('/backoffice/modules/stockroom.timers');
    await page.getByRole('button', { name: 'Install this module' }).click();
    await expect(installedBadge(page.getByRole('article').locator('header'))).toBeVisible({ timeout: 10_000 });
  });

  test('is asked for before an upload', async ({ page }) => {
    await page.goto('/backoffice/upload');
    await page.getByLabel('Zip file').setInputFiles(OWN_ZIP);
    await page.getByRole('button', { name: 'Upload' }).click();
    await expect(page.getByRole('alert')).toContainText('Confirm your password');
    await page.getByRole('link', { name: 'Confirm your password' }).click();
    await page.getByRole('main').getByLabel('Password').fill(ADMIN.password);
    await page.getByRole('main').getByRole('button', { name: 'Confirm' }).click();
    await expect(page).toHaveURL('/backoffice/upload');
  });
});
