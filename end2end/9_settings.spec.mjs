// 9. "Connectors", "System" and "API": what modules and the server are told, and what clients can read.
import { install } from './client.mjs';
import { expect, gotoHydrated, gotoReady, test } from './fixtures.mjs';
import { heading, toast } from './locators.mjs';
import { checkLook } from './look.mjs';

const GITLAB = '/backoffice/modules/stockroom.gitlab';
const CONNECTOR = '/backoffice/connectors/stockroom:gitlab';

async function fill(page, values) {
  for (const [key, value] of Object.entries(values)) {
    await page.getByRole('textbox', { name: new RegExp(`^${key}`) }).or(page.locator(`[id="key-${key}"]`)).first().fill(value);
  }
  await page.getByRole('button', { name: 'Save configuration' }).click();
}

const stored = async (server, key) => {
  const all = await (await server.fetch('/service-config')).json();
  return all.find(({ serviceId }) => serviceId === 'stockroom:gitlab')?.[key];
};

test('a module is configured on its page, and says so', async ({ page, server }) => {
  await install(server, 'stockroom.gitlab');
  await gotoHydrated(page, GITLAB);
  await expect(page.getByText('Needs configuration.')).toBeVisible();
  await fill(page, { clientId: 'my-client', clientSecret: 'my-secret' });
  await expect(toast(page, 'The configuration is saved.')).toBeVisible();
  await expect(page.getByText('Configured.')).toBeVisible();
  await expect(page.getByText('Needs configuration.')).toHaveCount(0);
  expect(await stored(server, 'clientId')).toBe('my-client');
  await page.reload();
  await expect(page.getByText('Configured.')).toBeVisible();
});

test('a secret is never sent back, and an empty field keeps it @nojs', async ({ page, server }) => {
  await install(server, 'stockroom.gitlab');
  await gotoReady(page, CONNECTOR);
  await fill(page, { clientId: 'one', clientSecret: 'do-not-tell' });
  await expect(page.getByText('Leave it empty to keep it.')).toBeVisible();
  await gotoReady(page, CONNECTOR);
  for (const path of [CONNECTOR, GITLAB, '/backoffice/connectors', '/backoffice/audit']) {
    expect(await (await server.fetch(path, { headers: { accept: 'text/html' } })).text(), path).not.toContain('do-not-tell');
  }
  await expect(page.locator('[id="key-clientSecret"]')).toHaveValue('');
  await fill(page, { clientId: 'two' });
  await expect.poll(() => stored(server, 'clientId')).toBe('two');
  // A browser's session sees stars for a secret that is kept.
  expect(await stored(server, 'clientSecret')).toBe('********');
  expect(server.logs()).not.toContain('do-not-tell');
});

test('one key is deleted, another is added, the rest stays @nojs', async ({ page, server }) => {
  await install(server, 'stockroom.gitlab');
  await gotoReady(page, CONNECTOR);
  await fill(page, { clientId: 'one', clientSecret: 'two', baseUrl: 'https://gitlab.example' });
  await expect.poll(() => stored(server, 'clientSecret')).toBe('********');
  await gotoReady(page, CONNECTOR);
  await page.getByRole('checkbox', { name: 'Delete clientSecret' }).check();
  await page.getByText('Another key').click();
  await page.getByLabel('Key', { exact: true }).fill('callbackUrl');
  await page.getByLabel('Value', { exact: true }).fill('https://here.example');
  await page.getByRole('button', { name: 'Save configuration' }).click();
  await expect.poll(() => stored(server, 'callbackUrl')).toBe('https://here.example');
  expect(await stored(server, 'clientSecret')).toBeUndefined();
  expect([await stored(server, 'clientId'), await stored(server, 'baseUrl')]).toEqual(['one', 'https://gitlab.example']);
  await gotoReady(page, '/backoffice/connectors');
  await expect(page.getByRole('listitem').filter({ hasText: 'stockroom:gitlab' })).toContainText('Needs configuration');
});

test('a setting is changed, refused where it will not do, and goes back to its default @nojs', async ({ page, server }) => {
  const value = async () =>
    (await (await server.fetch('/config')).json()).find(({ key }) => key === 'RETRY_MAX_COUNT')?.value;
  await gotoReady(page, '/backoffice/system');
  const field = page.getByLabel('Value of RETRY_MAX_COUNT');
  await field.fill('5');
  await page.getByRole('button', { name: 'Save RETRY_MAX_COUNT' }).click();
  await expect.poll(value).toBe(5);
  await gotoReady(page, '/backoffice/system');
  await field.fill('many');
  await page.getByRole('button', { name: 'Save RETRY_MAX_COUNT' }).click();
  await expect(page.getByText('RETRY_MAX_COUNT is a whole number, not below 0.')).toBeVisible();
  expect(await value()).toBe(5);
  await gotoReady(page, '/backoffice/system');
  await page.getByRole('button', { name: 'Use the default of RETRY_MAX_COUNT' }).click();
  await expect.poll(value).toBeUndefined();
});

test('a smaller limit for uploads holds at once', async ({ page, server }) => {
  await gotoReady(page, '/backoffice/system');
  await page.getByLabel('Value of LIMIT_CC_ARCHIVE_MAX_BYTES').fill('10');
  await page.getByRole('button', { name: 'Save LIMIT_CC_ARCHIVE_MAX_BYTES' }).click();
  const upload = () =>
    server.fetch('/components', {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.from('PK\u0003\u0004 and more than ten bytes'),
    });
  await expect.poll(async () => (await upload()).status).toBe(413);
});

test('the API is described, and nothing of it comes from elsewhere', async ({ page, server }) => {
  const elsewhere = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url)) elsewhere.push(request.url());
  });
  await gotoHydrated(page, '/backoffice/reference');
  const operation = page.locator('details').filter({ hasText: '/user/auth' });
  await operation.locator('summary').click();
  await expect(operation.getByText('password', { exact: true }).first()).toBeVisible();
  const { paths } = await (await server.fetch('/openapi.json')).json();
  const operations = Object.values(paths).flatMap((path) => Object.keys(path));
  await expect(page.locator('details.operation')).toHaveCount(operations.length);
  expect(elsewhere).toEqual([]);
});

test('without a module there is nothing to configure', async ({ page }) => {
  await gotoHydrated(page, '/backoffice/connectors');
  await expect(page.getByText('Nothing to configure.')).toBeVisible();
  await checkLook(page);
});

for (const [path, title] of [
  ['/backoffice/connectors', 'Connectors'],
  [CONNECTOR, 'stockroom:gitlab'],
  ['/backoffice/system', 'System'],
  ['/backoffice/reference', 'API'],
]) {
  test(`${title} looks well`, async ({ page, server }) => {
    await install(server, 'stockroom.gitlab');
    await gotoHydrated(page, path);
    await expect(heading(page, title)).toBeVisible();
    await checkLook(page);
  });
}
