// Strangers' texts do no harm, no page complains, nothing leaves the server, and many requests at once all get an answer.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { remoteTest } from './catalogue.mjs';
import { install, remove, upload } from './client.mjs';
import { expect, gotoHydrated, makeModuleZip, test } from './fixtures.mjs';
import { card, cards, installedBadge, searchBox, toast } from './locators.mjs';

/** Notes everything that a page must not do. */
function watch(page, server) {
  const seen = [];
  page.on('dialog', (dialog) => {
    seen.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('pageerror', (error) => seen.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) seen.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${server.url}/`) && !/^(data|blob):/.test(url)) seen.push(`elsewhere: ${url}`);
  });
  return seen;
}

const ATTACK = '<img src=x onerror="alert(1)"><script>alert(2)</script><svg onload="alert(3)"></svg>';

test.describe('texts that attack', () => {
  const icon = `data:image/svg+xml;base64,${Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8" onload="alert(4)"><script>alert(5)</script><circle r="4"/></svg>',
  ).toString('base64')}`;
  const module = {
    name: 'acme.evil',
    version: '1.0.0-x.alert',
    label: `Evil ${ATTACK}`,
    description: `${ATTACK} [link](javascript:alert(6)) <iframe src="javascript:alert(7)"></iframe><style>*{display:none}</style>`,
    changelog: { [`1.0.0-x.alert`]: [`Changed ${ATTACK}`], [`${ATTACK}`]: ['no version'] },
    manifest: { icon, category: `"><script>alert(8)</script>`, documentation: 'javascript:alert(9)' },
    bundle: { engine: '>=6.0' },
    components: [
      { name: 'Act', manifest: { label: `Act ${ATTACK}`, description: `${ATTACK} [more](data:text/html,<script>alert(10)</script>)` } },
    ],
    extraFiles: { 'acme/evil/README.md': `# Read\n\n${ATTACK}\n<a href="vbscript:x">x</a>\n` },
  };

  test('stay texts in the list, on the page, in dialogs, messages and the ACL', async ({ page, server }) => {
    const seen = watch(page, server);
    await upload(server, makeModuleZip(module));
    await gotoHydrated(page, '/backoffice/modules');
    await expect(card(page, 'acme.evil')).toContainText(`Evil ${ATTACK}`);
    await searchBox(page).fill('<script>alert');
    await expect(card(page, 'acme.evil')).toBeVisible();
    await gotoHydrated(page, '/backoffice/modules/acme.evil');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Evil ${ATTACK}`);
    await expect(page.getByText(`Act ${ATTACK}`)).toBeVisible();
    await expect(page.locator('main :is(script, iframe, object, embed, style, [onerror], [onload])')).toHaveCount(0);
    const links = await page.locator('main a[href]').evaluateAll((all) => all.map((link) => link.protocol));
    expect(links.filter((protocol) => !/^https?:$/.test(protocol))).toEqual([]);
    await page.getByRole('button', { name: 'Remove this module' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
    await toast(page, 'was removed.').getByRole('button', { name: 'Undo' }).click();
    await expect(installedBadge(page.getByRole('article'))).toBeVisible();
    await gotoHydrated(page, `/backoffice/acl?role=${encodeURIComponent(ATTACK)}&component=${encodeURIComponent(ATTACK)}`);
    await expect(page.getByRole('region', { name: 'Try the rules' }).getByRole('status')).toContainText('Denied');
    await gotoHydrated(page, `/backoffice/modules?q=${encodeURIComponent(ATTACK)}&category=${encodeURIComponent('"><script>')}`);
    await expect(page.getByText('No module matches.')).toBeVisible();
    await page.goto('/backoffice/acl?__err=PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg%3D%3D');
    await expect(page.getByRole('heading', { level: 1, name: 'ACL' })).toBeVisible();
    expect(seen).toEqual([]);
  });

  test('an icon opened as a page of its own runs nothing', async ({ page, server }) => {
    const dialogs = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      dialog.dismiss();
    });
    await upload(server, makeModuleZip(module));
    await page.goto('/backoffice/modules/acme.evil');
    const address = await page.locator('main img').first().getAttribute('src');
    const answer = await page.goto(address);
    expect(answer.headers()['content-security-policy']).toContain('sandbox');
    expect(answer.headers()['x-content-type-options']).toBe('nosniff');
    await expect(page.locator('circle')).toHaveCount(1);
    expect(dialogs).toEqual([]);
  });

  test('names in an uploaded file and in its refusal stay texts', async ({ page, server }) => {
    const seen = watch(page, server);
    await gotoHydrated(page, '/backoffice/modules');
    await page.getByRole('button', { name: 'Add module from your filesystem' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add module from your filesystem' });
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), dialog.getByText('browse your files').click()]);
    const buffer = makeModuleZip({ name: 'acme.evil', version: ATTACK, components: [{ name: 'A', manifest: { name: ATTACK } }] });
    await chooser.setFiles({ name: '<img src=x onerror=alert(1)>.zip', mimeType: 'application/zip', buffer });
    await expect(dialog).toContainText('<img src=x onerror=alert(1)>.zip');
    await dialog.getByRole('button', { name: 'Upload' }).click();
    await expect(dialog.getByRole('alert')).toContainText('It was not installed.');
    await expect(dialog.locator('img, script')).toHaveCount(0);
    expect(seen).toEqual([]);
  });
});

test('no page complains, and none asks another host', async ({ page, server }) => {
  const seen = watch(page, server);
  await install(server, 'stockroom.gitlab');
  const ticket = await upload(server, makeModuleZip({ name: 'acme.own' }));
  for (const path of [
    'modules',
    'modules?status=installed&q=a',
    'modules/stockroom.gitlab',
    'modules/stockroom.gitlab?remove=',
    'modules/stockroom.timers',
    'modules/acme.own',
    'acl',
    'acl?type=routes&edit=2',
    'acl?role=user&component=a.b.C',
    'upload',
    `jobs/${ticket}`,
  ]) {
    await gotoHydrated(page, `/backoffice/${path}`);
  }
  expect(seen).toEqual([]);
});

test('every page has a policy that lets nothing of strangers in', async ({ server }) => {
  for (const path of ['modules', 'modules/stockroom.timers', 'modules/acme.nothing', 'acl', 'upload', 'nothing']) {
    const answer = await server.fetch(`/backoffice/${path}`);
    const policy = answer.headers.get('content-security-policy');
    expect(policy, path).toContain("default-src 'none'");
    expect(policy, path).not.toContain("'unsafe-inline'");
    expect(policy, path).toContain("frame-ancestors 'none'");
  }
});

test('a page of somebody else keeps no handle of the window that it opens here', async ({ context, page, server }) => {
  const stranger = createServer((request, response) => response.setHeader('content-type', 'text/html').end('<title>Stranger</title>'));
  stranger.listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  // The stranger's comes second: the browser has the page already, as it was without the policy.
  for (const [from, isLost] of [[`${server.url}/backoffice/upload`, false], [`http://127.0.0.1:${stranger.address().port}/`, true]]) {
    await page.goto(from);
    const opening = context.waitForEvent('page');
    await page.evaluate((address) => {
      globalThis.handle = open(address);
    }, `${server.url}/backoffice/modules`);
    const opened = await opening;
    await expect(cards(opened)).not.toHaveCount(0);
    expect(await page.evaluate(() => globalThis.handle.closed), from).toBe(isLost);
    await opened.close();
  }
  stranger.close();
});

remoteTest.describe('an installation that is slow', () => {
  remoteTest.use({ offered: { modules: [{ name: 'acme.slow' }] } });

  remoteTest('goes on through reloads and a closed window', async ({ context, page, remote, server }) => {
    const seen = watch(page, server);
    remote.pace = 'drip';
    await gotoHydrated(page, '/backoffice/modules/acme.slow');
    await page.getByRole('button', { name: 'Install this module' }).click();
    for (let times = 0; times < 3; times += 1) {
      await expect(page.getByRole('timer')).toBeVisible();
      await page.reload();
    }
    await expect(page.getByRole('timer')).toBeVisible();
    expect(seen).toEqual([]);
    await page.close();
    remote.pace = 'all';
    const later = await context.newPage();
    await gotoHydrated(later, '/backoffice/modules/acme.slow');
    await expect(installedBadge(later.getByRole('article'))).toBeVisible();
  });

  remoteTest('goes on after the server was killed in its midst', async ({ page, remote, server }) => {
    remote.pace = 'drip';
    await gotoHydrated(page, '/backoffice/modules/acme.slow');
    await page.getByRole('button', { name: 'Install this module' }).click();
    await expect(page.getByRole('timer')).toBeVisible();
    await server.kill9();
    remote.pace = 'all';
    await server.restart();
    // The open page finds the server again by itself.
    await expect(installedBadge(page.getByRole('article'))).toBeVisible({ timeout: 15_000 });
  });
});

test('back and forward between list and modules keep search and page', async ({ page, server }) => {
  const seen = watch(page, server);
  await gotoHydrated(page, '/backoffice/modules?q=st&category=utilities');
  const found = await cards(page).count();
  for (const name of ['stockroom.csv', 'stockroom.timers']) {
    await card(page, name).click();
    await expect(page.getByRole('article')).toContainText(name);
    await page.goBack();
    await expect(searchBox(page)).toHaveValue('st');
    await expect(page.getByRole('combobox', { name: 'Category' })).toHaveValue('utilities');
    await expect(cards(page)).toHaveCount(found);
    await page.goForward();
    await expect(page.getByRole('article')).toContainText(name);
    await page.goBack();
    await expect(cards(page)).toHaveCount(found);
  }
  expect(seen).toEqual([]);
});

test('a page that was open while the server was away hears what happened', async ({ page, server }) => {
  await gotoHydrated(page, '/backoffice/modules');
  await server.restart();
  await install(server, 'stockroom.csv');
  await expect(installedBadge(card(page, 'stockroom.csv'))).toBeVisible({ timeout: 15_000 });
});

test('a form whose server is away says so, and works once it is back', async ({ page, server }) => {
  await install(server, 'stockroom.timers');
  await gotoHydrated(page, '/backoffice/modules/stockroom.timers');
  await server.stop();
  const open = page.getByRole('button', { name: 'Add ACL rule for users' });
  await open.click();
  await expect(toast(page, 'The server cannot be reached.')).toBeVisible();
  await server.restart();
  await open.click();
  await expect(page.getByRole('region', { name: 'Access control' })).toContainText('Administrators and users can use');
});

test('a message stays as long as it should, also after others were closed', async ({ page, server }) => {
  await install(server, 'stockroom.timers');
  await page.clock.install();
  await gotoHydrated(page, '/backoffice/modules/stockroom.timers');
  const removeIt = async () => {
    await page.getByRole('button', { name: 'Remove this module' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  };
  await removeIt();
  await page.clock.runFor(8_000);
  await toast(page, 'Timers was removed.').getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('button', { name: 'Remove this module' })).toBeVisible();
  await removeIt();
  await expect(toast(page, 'Timers was removed.')).toBeVisible();
  // The first one's time is over, the second one's is not.
  await page.clock.runFor(6_000);
  await expect(toast(page, 'Timers was removed.')).toBeVisible();
  await page.clock.runFor(8_000);
  await expect(toast(page, 'Timers was removed.')).toHaveCount(0);
});

/** A page to its end; only the marks and the scripts of the streamed rendering may follow. */
const WHOLE = /<\/main>[^]*<\/body>(<!>)*<\/html>(<!>)*(<script nonce="[^"]+">[^<]*<\/script>)*\s*$/;

test('many requests at once are all answered in full', async ({ server }) => {
  const paths = ['modules', 'modules?q=e&sort=name', 'modules/stockroom.gitlab', 'acl', 'modules?status=installed'];
  const waiting = Array.from({ length: 200 }, (_, place) => paths[place % paths.length]);
  const worker = async () => {
    for (let path = waiting.pop(); path; path = waiting.pop()) {
      const answer = await server.fetch(`/backoffice/${path}`);
      expect(answer.status, path).toBe(200);
      expect(await answer.text(), path).toMatch(WHOLE);
    }
  };
  await Promise.all(Array.from({ length: 20 }, worker));
});

test('pages are answered in full while modules come and go', async ({ server }) => {
  let changing = true;
  const change = async () => {
    for (let times = 0; times < 4; times += 1) {
      await install(server, 'stockroom.csv');
      await remove(server, 'stockroom.csv');
    }
    changing = false;
  };
  const read = async () => {
    while (changing) {
      for (const path of ['modules', 'modules/stockroom.csv']) {
        const answer = await server.fetch(`/backoffice/${path}`);
        expect(answer.status).toBe(200);
        expect(await answer.text()).toMatch(WHOLE);
      }
    }
  };
  await Promise.all([change(), read(), read()]);
});
