// 9. "Users" and "Audit": administrators say who may do what, and see who did it. All of it without JavaScript, too.
import { readFile } from 'node:fs/promises';
import { install, upload, uploadBroken } from './client.mjs';
import { ADMIN, expect, gotoHydrated, gotoReady, makeModuleZip, test } from './fixtures.mjs';
import { heading } from './locators.mjs';
import { checkLook } from './look.mjs';

const ANN = { email: 'ann@example.com', password: 'a sentence that ann knows' };
const people = (page) => page.getByRole('region', { name: 'Users', exact: true }).getByRole('listitem');
const person = (page, email) => people(page).filter({ hasText: email });

async function addPerson(page, { email, password }, { scopes = ['user'], vendors = '' } = {}) {
  await gotoReady(page, '/backoffice/users');
  const form = page.getByRole('region', { name: 'Add a user' });
  await form.getByLabel('E-mail address').fill(email);
  await form.getByLabel('First password').fill(password);
  for (const scope of ['admin', 'user']) {
    await form.getByRole('checkbox', { name: scope }).setChecked(scopes.includes(scope));
  }
  await form.getByLabel('May publish as vendor').fill(vendors);
  await form.getByRole('button', { name: 'Add user' }).click();
}

async function open(page, email) {
  await gotoReady(page, '/backoffice/users');
  await person(page, email).getByRole('link', { name: email }).click();
  await expect(heading(page, email)).toBeVisible();
}

test('a user is added, can sign in, and publishes as their vendor alone @nojs', async ({ page, server }) => {
  await addPerson(page, ANN, { vendors: 'acme' });
  await expect(person(page, ANN.email)).toContainText('publishes as acme');
  const ann = await server.signIn(ANN);
  expect((await server.fetch('/backoffice/index', { cookie: ann })).status).toBe(403);
  await upload(server, makeModuleZip({ name: 'acme.own' }), ann);
  await uploadBroken(server, makeModuleZip({ name: 'other.own' }), ann);
  await gotoReady(page, '/backoffice/modules/acme.own');
  await expect(heading(page, 'Own')).toBeVisible();
  expect((await page.goto('/backoffice/modules/other.own')).status()).toBe(404);
});

test('what will not do is refused with the reason @nojs', async ({ page }) => {
  await addPerson(page, { email: ADMIN.email, password: ANN.password });
  await expect(page.getByRole('alert')).toContainText(/already|taken/);
  await addPerson(page, { email: ANN.email, password: 'aaaaaaaaaaaa' });
  await expect(page.getByRole('alert')).toContainText('Choose a password of more than one letter.');
  await gotoReady(page, '/backoffice/users');
  await expect(people(page)).toHaveCount(1);
});

test('the search finds people by address, scope and vendor @nojs', async ({ page }) => {
  await addPerson(page, ANN, { vendors: 'acme' });
  for (const [text, found] of [
    ['ANN@', 1],
    ['acme', 1],
    ['example.com', 2],
  ]) {
    await gotoReady(page, '/backoffice/users');
    await page.getByRole('searchbox', { name: 'Search users' }).fill(text);
    await page.getByRole('button', { name: 'Search' }).click();
    await expect(people(page), text).toHaveCount(found);
  }
  await gotoReady(page, '/backoffice/users?q=zzz');
  await expect(page.getByText('Nobody matches.')).toBeVisible();
});

test('who is disabled is out at once, and in again when that ends @nojs', async ({ page, server }) => {
  await addPerson(page, ANN, { scopes: ['admin', 'user'] });
  const ann = await server.signIn(ANN);
  expect((await server.fetch('/backoffice/index', { cookie: ann })).status).toBe(200);
  await open(page, ANN.email);
  await page.getByRole('checkbox', { name: 'May sign in' }).uncheck();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(person(page, ANN.email)).toContainText('Disabled');
  expect((await server.fetch('/backoffice/index', { cookie: ann })).status).toBe(401);
  await expect(server.signIn(ANN)).rejects.toThrow('The e-mail address or the password is wrong.');
  await open(page, ANN.email);
  await page.getByRole('checkbox', { name: 'May sign in' }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(person(page, ANN.email)).not.toContainText('Disabled');
  await server.signIn(ANN);
});

test('another scope, another password, and the end of an account @nojs', async ({ page, server }) => {
  await addPerson(page, ANN);
  const ann = await server.signIn(ANN);
  await open(page, ANN.email);
  await page.getByRole('checkbox', { name: 'admin' }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(person(page, ANN.email)).toContainText('admin');
  expect((await server.fetch('/backoffice/index', { cookie: ann })).status, 'at once').toBe(200);

  await open(page, ANN.email);
  const fresh = 'another sentence for ann';
  await page.getByRole('region', { name: 'Give another password' }).getByLabel('New password').fill(fresh);
  await page.getByRole('button', { name: 'Set password' }).click();
  await expect(page.getByText('The password is set, and the person is signed out everywhere.')).toBeVisible();
  expect((await server.fetch('/backoffice/index', { cookie: ann })).status).toBe(401);
  const again = await server.signIn({ ...ANN, password: fresh });

  await page.getByRole('heading', { name: 'Delete this user' }).click();
  await page.getByRole('button', { name: 'Delete this user' }).click();
  await expect(page).toHaveURL('/backoffice/users');
  await expect(people(page)).toHaveCount(1);
  expect((await server.fetch('/backoffice/index', { cookie: again })).status).toBe(401);
});

test('the last administrator stays one @nojs', async ({ page }) => {
  await open(page, ADMIN.email);
  await expect(page.getByRole('heading', { name: 'Delete this user' })).toHaveCount(0);
  await page.getByRole('checkbox', { name: 'admin' }).uncheck();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toContainText('Nobody would be left to administer.');
  await open(page, ADMIN.email);
  await page.getByRole('checkbox', { name: 'May sign in' }).uncheck();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toContainText('You cannot disable yourself.');
});

test('the audit trail tells who did what, finds it and gives it away @nojs', async ({ page, server }) => {
  await install(server, 'stockroom.csv');
  await addPerson(page, ANN);
  await server.signIn({ ...ANN, password: 'guessed wrongly' }).catch(() => {});
  await gotoReady(page, '/backoffice/audit');
  const entries = page.getByRole('main').getByRole('listitem');
  for (const text of ['stockroom.csv', ANN.email, ADMIN.email]) {
    await expect(entries.filter({ hasText: text })).not.toHaveCount(0);
  }
  expect(await page.content()).not.toContain(ANN.password);
  await page.getByRole('textbox', { name: 'Module' }).fill('stockroom.csv');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(entries).not.toHaveCount(0);
  await expect(entries.filter({ hasText: ANN.email })).toHaveCount(0);
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Export as JSON lines' }).click(),
  ]);
  const lines = (await readFile(await file.path(), 'utf8')).trim().split('\n').map((line) => JSON.parse(line));
  expect(lines.length).toBeGreaterThan(0);
  expect(JSON.stringify(lines)).not.toContain(ANN.email);
  await gotoReady(page, '/backoffice/audit?person=nobody-of-this-name');
  await expect(page.getByText('Nothing matches.')).toBeVisible();
});

test('both sections are accessible', async ({ page }) => {
  await addPerson(page, { ...ANN, email: `${'a-long-name-'.repeat(5)}@example.com` }, { vendors: 'acme, another' });
  await gotoHydrated(page, '/backoffice/users');
  await checkLook(page);
  await people(page).first().getByRole('link').click();
  await expect(page.getByRole('button', { name: 'Save' })).toBeVisible();
  await checkLook(page);
  await gotoHydrated(page, '/backoffice/audit');
  for (const details of await page.locator('main summary').all()) await details.click();
  await checkLook(page);
  await gotoHydrated(page, '/backoffice/audit?person=nobody');
  await checkLook(page);
});
