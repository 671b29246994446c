// 9. People: the first administrator, sign-in, and what whoever is no administrator can see.
import { install } from './client.mjs';
import { ADMIN, expect, gotoHydrated, makeModuleZip, test } from './fixtures.mjs';
import { card, heading, toast } from './locators.mjs';
import { checkLook } from './look.mjs';
import { addUser, signIn } from './people.mjs';

const ANN = { email: 'ann@example.com', password: 'a sentence that ann knows' };
const OWN = { name: 'acme.own', label: 'Own' };
const NOBODY = { visitor: 'nobody' };
const FIRST_START = { visitor: 'nobody', administrator: false };

const signInButton = (page) => page.getByRole('button', { name: 'Sign in', exact: true });

/** The link that the server has printed last. */
function setUpLink(server) {
  const links = server.logs().match(/http:\/\/[^\s"]+\/backoffice\/set-up\?token=[\w-]+/g);
  expect(links, 'the set-up link is printed').not.toBeNull();
  return links.at(-1);
}

test.describe('the first start', () => {
  test.use(FIRST_START);

  async function makeAdministrator(page, { email, password, again = password }) {
    await page.getByLabel('E-mail address').fill(email);
    await page.getByLabel(/^Password(?! once more)/).fill(password);
    await page.getByLabel('Password once more').fill(again);
    await page.getByRole('button', { name: 'Make administrator' }).click();
  }

  test('the printed link makes the first administrator, once @nojs', async ({ page, server }) => {
    await page.goto('/backoffice/');
    await expect(heading(page, 'Welcome')).toBeVisible();
    await expect(signInButton(page)).toHaveCount(0);
    const link = setUpLink(server);
    await page.goto(link);
    await expect(heading(page, 'Make the first administrator')).toBeVisible();
    await makeAdministrator(page, ADMIN);
    await expect(page).toHaveURL('/backoffice/modules');
    await expect(card(page, 'stockroom.csv')).toBeVisible();

    await page.goto(link);
    await expect(page.getByRole('alert')).toContainText('This link has run out or was used.');
    await expect(page.getByRole('button', { name: 'Make administrator' })).toHaveCount(0);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(heading(page, 'Sign in')).toBeVisible();
    await signIn(page, ADMIN);
    await expect(heading(page, 'Modules')).toBeVisible();
  });

  test('a link of before the restart and a made-up one are refused', async ({ page, server }) => {
    const old = setUpLink(server);
    await server.restart();
    expect(setUpLink(server)).not.toBe(old);
    for (const link of [old, '/backoffice/set-up?token=guessed', '/backoffice/set-up']) {
      const answer = await page.goto(link);
      expect(answer.status(), link).toBe(403);
      await expect(page.getByRole('alert')).toContainText('This link has run out or was used.');
    }
    const forged = await server.fetch('/backoffice/api/finish_set_up', {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams({ token: 'guessed', email: ANN.email, password: ANN.password, again: ANN.password }),
    });
    expect(forged.status).toBe(403);
    expect(forged.headers.getSetCookie()).toEqual([]);
    await page.goto('/backoffice/sign-in');
    await expect(heading(page, 'Welcome')).toBeVisible();
  });

  test('what will not do is refused with the reason, and the link works on @nojs', async ({ page, server }) => {
    await page.goto(setUpLink(server));
    await makeAdministrator(page, { ...ADMIN, again: 'something else altogether' });
    await expect(page.getByRole('alert')).toContainText('The two passwords are not the same.');
    await makeAdministrator(page, { ...ADMIN, password: 'aaaaaaaaaaaa' });
    await expect(page.getByRole('alert')).toContainText('Choose a password of more than one letter.');
    await makeAdministrator(page, ADMIN);
    await expect(page).toHaveURL('/backoffice/modules');
  });
});

test.describe('sign-in', () => {
  test.use(NOBODY);

  test('the right password leads in, and sign-out leads out @nojs', async ({ context, page }) => {
    await page.goto('/backoffice/sign-in');
    await signIn(page, { ...ADMIN, email: ADMIN.email.toUpperCase() });
    await expect(page).toHaveURL('/backoffice/modules');
    const [cookie] = (await context.cookies()).filter(({ name }) => name === 'stockroom_session');
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(heading(page, 'Sign in')).toBeVisible();
    expect((await context.cookies()).map(({ name }) => name)).not.toContain('stockroom_session');
    await page.goto('/backoffice/modules');
    await expect(heading(page, 'Sign in')).toBeVisible();
    // The cookie is of no use to whoever has kept it.
    await context.addCookies([cookie]);
    await page.goto('/backoffice/modules');
    await expect(heading(page, 'Sign in')).toBeVisible();
  });

  test('a wrong password and a wrong name are told alike, and nothing else is @nojs', async ({ context, page }) => {
    await page.goto('/backoffice/sign-in?next=%2Fbackoffice%2Facl');
    const told = [];
    for (const wrong of [
      { ...ADMIN, password: 'not the password' },
      { email: 'no-one@example.com', password: 'not the password' },
    ]) {
      await signIn(page, wrong);
      const alert = page.getByRole('alert');
      await expect(alert).toContainText('The e-mail address or the password is wrong.');
      told.push(await alert.innerText());
      await expect(page).toHaveURL(/\/backoffice\/sign-in\?/);
      expect(page.url()).not.toContain('password=');
      await expect(page.getByLabel('Password', { exact: true })).toHaveValue('');
    }
    expect(told[0]).toBe(told[1]);
    expect(await context.cookies()).toEqual([]);
    // The page that was asked for is not forgotten over it.
    await signIn(page, ADMIN);
    await expect(page).toHaveURL('/backoffice/acl');
  });

  const sections = ['acl?type=routes', 'users', 'audit', 'connectors', 'system'];
  for (const path of ['modules?q=csv', 'modules/stockroom.timers', ...sections, 'upload', 'account', 'nothing']) {
    test(`nobody is led from ${path} to sign-in, and back afterwards @nojs`, async ({ page }) => {
      await page.goto(`/backoffice/${path}`);
      await expect(heading(page, 'Sign in')).toBeVisible();
      await expect(page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'ACL' })).toHaveCount(0);
      await signIn(page, ADMIN);
      await expect(page).toHaveURL(`/backoffice/${path}`);
    });
  }

  test('nobody gets a status, and no page, where no page was asked for', async ({ server }) => {
    const asked = ['index', 'events', 'modules/stockroom.timers/download', 'api/list_modules', 'icons/00', 'modules'];
    for (const path of asked) {
      const answer = await server.fetch(`/backoffice/${path}`, { cookie: null, headers: { accept: '*/*' } });
      expect(answer.status, path).toBe(401);
      expect(await answer.text(), path).not.toContain('stockroom.timers');
    }
    for (const [method, path] of [
      ['POST', '/components'],
      ['GET', '/components/uploader/00000000-0000-4000-8000-000000000000'],
      ['POST', '/backoffice/api/install_module'],
      ['POST', '/backoffice/upload'],
    ]) {
      const answer = await server.fetch(path, { cookie: null, method, headers: { accept: 'application/json' } });
      expect(answer.status, path).toBe(401);
    }
  });

  for (const elsewhere of [
    '//evil.example/',
    '/\\evil.example/',
    'https://evil.example/backoffice/',
    'https:evil.example',
    '\\\\evil.example',
    'javascript:alert(1)',
    '/backoffice/../../evil',
    '/backoffice//evil.example',
    '/backoffice/\r\nLocation: https://evil.example',
  ]) {
    test(`next=${JSON.stringify(elsewhere)} leads to no other site @nojs`, async ({ page, server }) => {
      const hosts = [];
      page.on('request', (request) => hosts.push(new URL(request.url()).origin));
      await page.goto(`/backoffice/sign-in?next=${encodeURIComponent(elsewhere)}`);
      await signIn(page, ADMIN);
      await expect(signInButton(page)).toHaveCount(0);
      expect(new Set(hosts)).toEqual(new Set([server.url]));
      // The same past the page: the field of the form is a stranger's word as well.
      const answer = await server.fetch('/backoffice/api/sign_in', {
        method: 'POST',
        cookie: null,
        headers: { accept: 'text/html' },
        body: new URLSearchParams({ ...ADMIN, next: elsewhere }),
        redirect: 'manual',
      });
      expect(answer.headers.get('location')).toMatch(/^\/backoffice\/(?!\/)/);
    });
  }

  test('whoever guesses has to wait @nojs', async ({ page }) => {
    await page.goto('/backoffice/sign-in');
    for (let times = 0; times < 5; times += 1) {
      await signIn(page, { ...ADMIN, password: `guess number ${times}` });
      await expect(page.getByRole('alert')).toContainText('The e-mail address or the password is wrong.');
    }
    // The right one as well: or else waiting would tell which it is.
    await signIn(page, ADMIN);
    await expect(page.getByRole('alert')).toContainText(/Too many attempts\. Wait \d+ seconds, then try again\./);
    await expect(signInButton(page)).toBeVisible();
  });

  test('a guessing client is told how long to wait', async ({ server }) => {
    const attempt = () =>
      server.fetch('/backoffice/api/sign_in', {
        method: 'POST',
        cookie: null,
        headers: { accept: 'application/json' },
        body: new URLSearchParams({ email: ADMIN.email, password: 'guessed' }),
      });
    for (let times = 0; times < 5; times += 1) expect((await attempt()).status).toBe(401);
    const answer = await attempt();
    expect(answer.status).toBe(429);
    expect((await answer.json()).message).toMatch(/^Too many attempts\. Wait [1-5] seconds?, then try again\.$/);
  });
});

test.describe('a user who is no administrator', () => {
  test.use(NOBODY);

  test('has the page Account alone @nojs', async ({ page, server }) => {
    await addUser(server, ANN);
    await page.goto('/backoffice/sign-in?next=%2Fbackoffice%2Facl');
    await signIn(page, ANN);
    await expect(page).toHaveURL('/backoffice/account');
    await expect(page.getByText(ANN.email).first()).toBeVisible();
    const menu = page.getByRole('navigation', { name: 'Main' });
    await expect(menu.getByRole('link', { name: 'Account' })).toBeVisible();
    for (const section of ['ACL', 'Audit', 'Connectors', 'Modules', 'System', 'Users']) {
      await expect(menu.getByRole('link', { name: section, exact: true })).toHaveCount(0);
    }
    const sections = ['modules', 'acl', 'users', 'audit', 'connectors', 'system'];
    for (const path of [...sections, 'modules/stockroom.timers', 'upload', 'nothing']) {
      await page.goto(`/backoffice/${path}`);
      await expect(page, path).toHaveURL('/backoffice/account?refused=admin');
      await expect(page.getByText('The back office is for administrators.')).toBeVisible();
    }
  });

  test('cannot change anything past the pages', async ({ server }) => {
    await addUser(server, ANN);
    const cookie = await server.signIn(ANN);
    for (const [path, init] of [
      ['/backoffice/index', {}],
      ['/backoffice/events', {}],
      ['/backoffice/modules/stockroom.timers/download', {}],
      ['/backoffice/api/install_module', { method: 'POST', body: new URLSearchParams({ name: 'stockroom.timers' }) }],
      ['/components', { method: 'POST', headers: { 'content-type': 'application/zip' }, body: makeModuleZip(OWN) }],
    ]) {
      const answer = await server.fetch(path, { ...init, cookie });
      expect(answer.status, path).toBe(403);
    }
  });
});

test.describe('looks', () => {
  test.describe('for nobody', () => {
    test.use(NOBODY);
    test('sign-in, with a refusal as well', async ({ page }) => {
      await gotoHydrated(page, '/backoffice/sign-in');
      await checkLook(page);
      await signIn(page, { ...ADMIN, password: 'not the password' });
      await expect(page.getByRole('alert')).toBeVisible();
      await checkLook(page);
    });
  });

  test.describe('at the first start', () => {
    test.use(FIRST_START);
    test('the welcome, the set-up and a link that is no longer one', async ({ page, server }) => {
      await gotoHydrated(page, '/backoffice/sign-in');
      await checkLook(page);
      await gotoHydrated(page, setUpLink(server));
      await checkLook(page);
      await gotoHydrated(page, '/backoffice/set-up?token=used');
      await checkLook(page);
    });
  });
});

test('two windows: what the one signs out, the other hears at its next step', async ({ context, page, server }) => {
  await install(server, 'stockroom.timers');
  const other = await context.newPage();
  await gotoHydrated(other, '/backoffice/modules/stockroom.timers');
  await gotoHydrated(page, '/backoffice/modules');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(heading(page, 'Sign in')).toBeVisible();
  await other.getByRole('button', { name: 'Add ACL rule for users' }).click();
  await expect(toast(other, /Sign in|session has ended/)).toBeVisible();
  await other.reload();
  await expect(heading(other, 'Sign in')).toBeVisible();
});
