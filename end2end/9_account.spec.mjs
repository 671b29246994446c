// 9. One's own account: password, sessions and personal tokens.
import { ADMIN, expect, gotoHydrated, gotoReady, makeModuleZip, test } from './fixtures.mjs';
import { heading } from './locators.mjs';
import { checkLook } from './look.mjs';

const sessions = (page) => page.getByRole('region', { name: 'Sessions' }).getByRole('listitem');
const tokens = (page) => page.getByRole('region', { name: 'Personal access tokens' }).getByRole('listitem');
const shownToken = (page) => page.getByRole('textbox', { name: 'The new token' });

async function changePassword(page, { old, fresh, again = fresh }) {
  await page.getByLabel('Old password').fill(old);
  await page.getByLabel('New password', { exact: true }).fill(fresh);
  await page.getByLabel('New password once more').fill(again);
  await page.getByRole('button', { name: 'Change password' }).click();
}

async function makeToken(page, name) {
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByRole('button', { name: 'Make token' }).click();
  await expect(shownToken(page)).toBeVisible();
  return (await shownToken(page).inputValue()).trim();
}

const withToken = (server, token) =>
  server.fetch('/backoffice/index', { cookie: null, headers: { authorization: `Bearer ${token}` } });

test('another password ends the other sessions, and this one goes on @nojs', async ({ page, server }) => {
  const other = await server.signIn(ADMIN);
  expect((await server.fetch('/backoffice/index', { cookie: other })).status).toBe(200);
  const fresh = 'five other words for it';
  await gotoReady(page, '/backoffice/account');
  await changePassword(page, { old: 'not the old one', fresh });
  await expect(page.getByRole('alert')).toContainText('The old password is wrong.');
  await changePassword(page, { old: ADMIN.password, fresh, again: 'five other words for that' });
  await expect(page.getByRole('alert')).toContainText('The two new passwords are not the same.');
  await changePassword(page, { old: ADMIN.password, fresh });
  await expect(page.getByText('The password is changed.')).toBeVisible();
  expect((await server.fetch('/backoffice/index', { cookie: other })).status).toBe(401);
  await gotoReady(page, '/backoffice/modules');
  await expect(heading(page, 'Modules')).toBeVisible();
  await expect(server.signIn(ADMIN)).rejects.toThrow('401');
  await server.signIn({ ...ADMIN, password: fresh });
});

test('another session is listed, and ended @nojs', async ({ page, server }) => {
  const other = await server.signIn(ADMIN);
  await gotoReady(page, '/backoffice/account');
  await expect(sessions(page)).toHaveCount(2);
  const own = sessions(page).filter({ hasText: 'This one' });
  await expect(own).toHaveCount(1);
  await expect(own.getByRole('button')).toHaveCount(0);
  await sessions(page).getByRole('button', { name: /^End the session of / }).click();
  await expect(sessions(page)).toHaveCount(1);
  expect((await server.fetch('/backoffice/index', { cookie: other })).status).toBe(401);
  await gotoReady(page, '/backoffice/modules');
  await expect(heading(page, 'Modules')).toBeVisible();
});

test('a token is shown once, works, and no longer once it is revoked @nojs', async ({ page, server }) => {
  await gotoReady(page, '/backoffice/account');
  await expect(page.getByText('There are none.')).toBeVisible();
  const token = await makeToken(page, 'Nightly publishing');
  expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  await expect(page.getByText('It is not shown again.')).toBeVisible();
  expect(page.url()).not.toContain(token);
  await expect(tokens(page)).toContainText(/Nightly publishing.*never used/s);
  await page.reload();
  await expect(tokens(page)).toContainText('Nightly publishing');
  await expect(shownToken(page)).toHaveCount(0);
  expect(await page.content()).not.toContain(token);

  expect((await withToken(server, token)).status).toBe(200);
  const published = await server.fetch('/components', {
    method: 'POST',
    cookie: null,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
    body: makeModuleZip({ name: 'acme.own' }),
  });
  expect(published.status).toBe(200);
  // One letter of its signature more or less makes it no token.
  expect((await withToken(server, `${token.slice(0, -2)}AA`)).status).toBe(401);
  await page.reload();
  await expect(tokens(page)).toContainText('last used');
  await page.getByRole('button', { name: 'Revoke the token Nightly publishing' }).click();
  await expect(tokens(page)).toHaveCount(0);
  expect((await withToken(server, token)).status).toBe(401);
});

test('a token may have fewer scopes than its owner, but not none @nojs', async ({ page, server }) => {
  await gotoReady(page, '/backoffice/account');
  for (const scope of ['admin', 'user']) await page.getByRole('checkbox', { name: scope }).uncheck();
  await page.getByLabel('Name', { exact: true }).fill('None');
  await page.getByRole('button', { name: 'Make token' }).click();
  await expect(page.getByRole('alert')).toContainText('Choose at least one scope.');
  await page.getByRole('checkbox', { name: 'admin' }).uncheck();
  const token = await makeToken(page, 'A user');
  expect((await withToken(server, token)).status).toBe(403);
});

test('it is accessible, with sessions, tokens and a new one', async ({ page, server }) => {
  await server.signIn(ADMIN);
  await gotoHydrated(page, '/backoffice/account');
  await checkLook(page);
  await page.getByLabel('Name', { exact: true }).fill('A name that is long for a token, to its very end');
  await page.getByRole('button', { name: 'Make token' }).click();
  await expect(page.getByRole('textbox', { name: 'The new token' })).toBeVisible();
  await checkLook(page);
  await gotoHydrated(page, '/backoffice/prove?next=%2Fbackoffice%2Facl');
  await checkLook(page);
});
