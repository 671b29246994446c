// The same work without JavaScript: links, forms and pages alone.
import { offerModule, test as offeringTest } from './catalogue.mjs';
import { install, upload } from './client.mjs';
import { expect, makeModuleZip, test } from './fixtures.mjs';
import { card, cards, installedBadge, rules, searchBox, status } from './locators.mjs';

const header = (page) => page.getByRole('article').locator('header');
const table = (page) => page.getByRole('region', { name: 'ACL rules', exact: true });
const rule = (page, ...cells) => rules(table(page)).filter({ hasText: cells.join('') });
const addForm = (page) => page.getByRole('region', { name: 'Add a rule' });

test.describe('the list', () => {
  test('is searched and filtered by a form', async ({ page, server }) => {
    await install(server, 'stockroom.csv');
    await page.goto('/backoffice/modules');
    await expect(cards(page)).toHaveCount(13);
    await expect(installedBadge(card(page, 'stockroom.csv'))).toBeVisible();
    await searchBox(page).fill('list');
    await page.getByRole('combobox', { name: 'Category' }).selectOption('utilities');
    await page.getByRole('combobox', { name: 'Order' }).selectOption('Name');
    await page.getByRole('button', { name: 'Search' }).click();
    await expect(page).toHaveURL(/q=list.*category=utilities.*sort=name/);
    await expect(searchBox(page)).toHaveValue('list');
    await expect(page.getByRole('combobox', { name: 'Category' })).toHaveValue('utilities');
    await expect(page.getByRole('combobox', { name: 'Order' })).toHaveValue('name');
    await expect(card(page, 'stockroom.lists')).toBeVisible();
    await expect(card(page, 'stockroom.timers')).toHaveCount(0);
    await status(page, 'Installed', 1).click();
    await expect(cards(page)).toHaveCount(1);
    await expect(searchBox(page)).toHaveValue('list');
    // The next search keeps the status.
    await searchBox(page).fill('csv');
    await page.getByRole('button', { name: 'Search' }).click();
    await expect(page).toHaveURL(/status=installed/);
    await expect(card(page, 'stockroom.csv')).toBeVisible();
  });

  test('says that nothing matches', async ({ page }) => {
    await page.goto('/backoffice/modules?q=zzz');
    await expect(page.getByText('No module matches.')).toBeVisible();
    await page.getByRole('link', { name: 'start over' }).click();
    await expect(cards(page)).toHaveCount(13);
  });

  offeringTest.describe('with more modules than one page holds', () => {
    const names = Array.from({ length: 36 }, (_, place) => `acme.m${String(place).padStart(2, '0')}`);
    offeringTest.use({ offered: { modules: names.map((name) => ({ name, label: name.slice(5) })) } });

    offeringTest('has pages', async ({ page }) => {
      await page.goto('/backoffice/modules?q=m');
      await expect(cards(page)).toHaveCount(24);
      const pages = page.getByRole('navigation', { name: 'Pages' });
      await expect(pages).toContainText('Page 1 of 2');
      await pages.getByRole('link', { name: 'Next' }).click();
      await expect(page).toHaveURL(/q=m&page=2/);
      await expect(cards(page)).toHaveCount(12);
      await expect(card(page, 'acme.m35')).toBeVisible();
      await pages.getByRole('link', { name: 'Previous' }).click();
      await expect(card(page, 'acme.m00')).toBeVisible();
      await page.goto('/backoffice/modules?page=99');
      await expect(cards(page)).toHaveCount(12);
    });
  });
});

test('a module is read, installed, removed after a question, and brought back', async ({ page }) => {
  await page.goto('/backoffice/modules');
  await card(page, 'stockroom.gitlab').click();
  await expect(page.getByRole('heading', { level: 1, name: 'GitLab' })).toBeVisible();
  await expect(page.getByRole('region', { name: /^Components/ }).getByRole('listitem')).toHaveCount(7);
  await page.getByRole('button', { name: 'Install this module' }).click();
  await expect(page).toHaveURL(/\/backoffice\/modules\/stockroom\.gitlab/);
  // While it runs the page refreshes itself.
  await expect(installedBadge(header(page))).toBeVisible({ timeout: 10_000 });
  await expect(page.getByText('Needs configuration.')).toBeVisible();

  await page.getByRole('button', { name: 'Remove this module' }).click();
  const question = page.getByRole('group', { name: 'Remove GitLab?' });
  await expect(question).toContainText('Flows that use them go on, and fail');
  await question.getByRole('button', { name: 'Cancel' }).click();
  await expect(question).toHaveCount(0);
  await expect(installedBadge(header(page))).toBeVisible();
  await page.getByRole('button', { name: 'Remove this module' }).click();
  await question.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(installedBadge(header(page))).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Install this module' })).toBeVisible();
  await page.getByRole('button', { name: 'Undo the removal' }).click();
  await expect(installedBadge(header(page))).toBeVisible();
});

test('a refused removal says why', async ({ page, server }) => {
  await install(server, 'stockroom.timers');
  await page.goto('/backoffice/modules/stockroom.timers?remove=');
  const other = await page.context().newPage();
  await other.goto('/backoffice/modules/stockroom.timers?remove=');
  for (const window of [page, other]) {
    await window.getByRole('group', { name: 'Remove Timers?' }).getByRole('button', { name: 'Remove', exact: true }).click();
  }
  await expect(other.getByRole('alert')).toContainText('stockroom.timers is not installed.');
});

test('a module is opened to users', async ({ page, server }) => {
  await install(server, 'stockroom.timers');
  await page.goto('/backoffice/modules/stockroom.timers');
  const access = page.getByRole('region', { name: 'Access control' });
  await expect(access).toContainText('Only administrators can use this module.');
  await access.getByRole('button', { name: 'Add ACL rule for users' }).click();
  await expect(access).toContainText('Administrators and users can use');
  await expect(page).toHaveURL(/\/backoffice\/modules\/stockroom\.timers/);
});

test.describe('ACL', () => {
  test('a rule is added, edited and deleted', async ({ page }) => {
    await page.goto('/backoffice/acl');
    await addForm(page).getByLabel('Role').fill('tester');
    await addForm(page).getByLabel('Resource').fill('acme.*');
    await addForm(page).getByRole('button', { name: 'Add' }).click();
    await expect(rule(page, 'tester', 'acme.*')).toBeVisible();
    await page.getByRole('link', { name: 'Edit the rule tester · acme.* · * · non-private' }).click();
    await table(page).getByLabel('Attributes').fill('*');
    await table(page).getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Delete the rule tester · acme.* · * · *' }).click();
    await expect(rule(page, 'tester')).toHaveCount(0);
    await expect(rules(table(page))).toHaveCount(1);
  });

  test('a rule that cannot be meant is refused with the reason', async ({ page }) => {
    await page.goto('/backoffice/acl');
    await addForm(page).getByLabel('Role').fill('us*');
    await addForm(page).getByLabel('Resource').fill('acme.*');
    await addForm(page).getByRole('button', { name: 'Add' }).click();
    await expect(page.getByRole('alert')).toContainText('A role is a name, not a pattern');
    await expect(rules(table(page))).toHaveCount(1);
  });

  test('a preset, and the tester', async ({ page }) => {
    await page.goto('/backoffice/acl');
    await page.getByRole('heading', { name: 'Presets' }).click();
    await page.getByRole('link', { name: 'Use the preset Testers try every module first' }).click();
    await page.getByRole('button', { name: 'Replace all rules' }).click();
    await expect(rules(table(page))).toHaveCount(2);
    const tester = page.getByRole('region', { name: 'Try the rules' });
    await tester.getByLabel('Role, e-mail address or domain').fill('user');
    await tester.getByLabel('Component').fill('acme.x.Y');
    await tester.getByRole('button', { name: 'Try', exact: true }).click();
    await expect(tester.getByRole('status')).toContainText('Denied');
    await expect(tester.getByLabel('Component')).toHaveValue('acme.x.Y');
  });
});

test.describe('the upload form', () => {
  const OWN = { name: 'acme.own', label: 'Own' };

  async function send(page, buffer, { replace = false } = {}) {
    await page.goto('/backoffice/modules');
    await page.getByRole('button', { name: 'Add module from your filesystem' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Add module from your filesystem' })).toBeVisible();
    if (replace) await page.getByLabel('Replace a newer version, if one is installed').check();
    await page.getByLabel('Zip file').setInputFiles({ name: 'own.zip', mimeType: 'application/zip', buffer });
    await page.getByRole('button', { name: 'Upload' }).click();
  }

  test('installs a zip', async ({ page }) => {
    await send(page, makeModuleZip(OWN));
    await expect(page.getByText('Own is installed.')).toBeVisible();
    await page.getByRole('link', { name: 'Open the module' }).click();
    await expect(installedBadge(header(page))).toBeVisible();
  });

  test('shows what is wrong with a zip, each with its place', async ({ page }) => {
    await send(page, makeModuleZip({ ...OWN, version: 'one' }));
    const alert = page.getByRole('alert');
    await expect(alert).toContainText('It was not installed.');
    await expect(alert).toContainText('acme/own/bundle.json at /version');
    await expect(alert).toContainText('Nothing was changed.');
    await page.getByRole('link', { name: 'Upload another' }).click();
    await expect(page.getByLabel('Zip file')).toBeVisible();
  });

  test('refuses what is no zip', async ({ page }) => {
    await send(page, Buffer.from('no zip at all'));
    await expect(page.getByRole('alert')).toContainText('This is not a zip file.');
    await expect(page.getByLabel('Zip file')).toBeVisible();
  });

  test('replaces a newer version only when it was told to', async ({ page, server }) => {
    await upload(server, makeModuleZip({ ...OWN, version: '2.0.0' }));
    const old = makeModuleZip({ ...OWN, version: '1.0.0' });
    await send(page, old);
    await expect(page.getByRole('alert')).toContainText('Version 1.0.0 is older than 2.0.0');
    await send(page, old, { replace: true });
    await expect(page.getByText('Own 1.0.0 replaced 2.0.0.')).toBeVisible();
  });

  test.describe('with a low limit', () => {
    test.use({ serverEnv: { STOCKROOM_MAX_ARCHIVE_BYTES: '500' } });

    test('refuses what is over it', async ({ page }) => {
      await send(page, makeModuleZip(OWN));
      await expect(page.getByRole('alert')).toContainText(/over the server['’]s limit/);
    });
  });
});

offeringTest.describe('an update', () => {
  const first = { name: 'acme.mail', label: 'Mail' };
  offeringTest.use({ offered: { modules: [first] } });

  offeringTest('is shown and installed', async ({ page, server, catalogue }) => {
    await install(server, 'acme.mail');
    await offerModule(catalogue, { ...first, version: '1.1.0', changelog: { '1.1.0': ['Faster.'] } });
    await expect
      .poll(async () => {
        await page.goto('/backoffice/modules?status=update');
        return card(page, 'acme.mail').isVisible();
      })
      .toBe(true);
    await card(page, 'acme.mail').click();
    await page.getByText('What it changes').click();
    await expect(page.getByRole('group').filter({ hasText: 'Version 1.1.0 is available.' })).toContainText('Faster.');
    await page.getByRole('button', { name: 'Update to 1.1.0' }).click();
    await expect(page.getByRole('button', { name: 'Update to 1.1.0' })).toHaveCount(0);
    await expect(header(page)).toContainText('1.1.0');
  });
});
