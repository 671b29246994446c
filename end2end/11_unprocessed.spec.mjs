// 11. Unprocessed messages and the system webhook: what a removed module leaves behind is seen, told of, put back once the
// module is there, or deleted.
import { install, remove } from './client.mjs';
import { expect, gotoHydrated, gotoReady, test } from './fixtures.mjs';
import { checkLook } from './look.mjs';

const GREET = 'Greet whoever calls';
const TRIGGER = '6f6a1f5e-0001-4c5e-9a51-3d1c0a7e0001';
// Until Node has started and loaded a module for the first time.
const FIRST_RUN = { timeout: 20_000 };

async function set(server, key, value) {
  const answer = await server.fetch('/config', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key, value }),
  });
  expect(answer.status, key).toBe(200);
}

/** A running flow with one unprocessed message: the module that was to take it is gone. */
async function lose(page, server) {
  // Two modules are installed first, and Node starts for the first time.
  test.setTimeout(120_000);
  await install(server, 'stockroom.http');
  await install(server, 'stockroom.text');
  await set(server, 'RETRY_MAX_COUNT', 1);
  await gotoReady(page, '/backoffice/flows');
  await page.getByRole('button', { name: `Add the example ${GREET}` }).click();
  const flow = page.url().split('/').at(-1);
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(page.locator('header .badge').filter({ hasText: 'Running' })).toBeVisible(FIRST_RUN);
  await remove(server, 'stockroom.text');
  await server.fetch(`/flows/${flow}/components/${TRIGGER}?name=Ada&enqueueOnly=true`, { cookie: null });
  await expect(async () => {
    await gotoReady(page, '/backoffice/unprocessed');
    await expect(page.getByRole('link', { name: GREET })).toBeVisible();
  }).toPass();
  return flow;
}

test('a message that was lost with its module is put back when the module is there again', async ({ page, server }) => {
  const flow = await lose(page, server);
  await expect(page.locator('.letters .badge').filter({ hasText: 'Module not installed' })).toBeVisible();
  await page.getByText('Message and error').click();
  await expect(page.getByRole('region', { name: 'Input' })).toContainText('"Ada"');
  await expect(page.getByRole('region', { name: 'Error' })).toContainText('stockroom.text');
  await checkLook(page);
  await install(server, 'stockroom.text');
  await gotoReady(page, `/backoffice/flows/${flow}`);
  await page.getByRole('link', { name: '1 unprocessed message' }).click();
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Retry what is ticked' }).click();
  await expect(page.locator('.notice.good')).toContainText('1 message is put back, to be tried at once.');
  await expect(page.getByText('Nothing matches.')).toBeVisible();
  await page.getByRole('link', { name: 'All unprocessed messages' }).click();
  await expect(page.getByText('There are no unprocessed messages.')).toBeVisible();
});

test('into a stopped flow nothing is put back; what is not wanted is exported, and deleted @nojs', async ({ page, server }) => {
  const flow = await lose(page, server);
  await gotoReady(page, `/backoffice/flows/${flow}`);
  await page.getByRole('button', { name: 'Stop' }).click();
  await gotoReady(page, '/backoffice/unprocessed');
  await page.getByLabel('Flow').selectOption({ label: GREET });
  await page.getByLabel('Reason').selectOption({ label: 'Took too long' });
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(page.getByText('Nothing matches.')).toBeVisible();
  await page.getByLabel('Reason').selectOption({ label: 'Module not installed' });
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(page.getByText('1 matching message')).toBeVisible();
  await page.getByRole('button', { name: 'Retry all that match' }).click();
  await expect(page.getByRole('alert')).toContainText('so the message would be lost. Start the flow first.');
  await page.getByRole('button', { name: 'Retry what is ticked' }).click();
  await expect(page.getByRole('alert')).toHaveText(/Tick a message first\.$/);
  const exported = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export as JSON lines' }).click();
  expect((await exported).suggestedFilename()).toBe('stockroom-unprocessed.jsonl');
  await page.getByText('Delete messages').click();
  await page.getByRole('button', { name: 'Delete all that match' }).click();
  await expect(page.locator('.notice.good')).toContainText('1 message is deleted.');
  await expect(page.getByText('Nothing matches.')).toBeVisible();
});

test('the page when there is nothing', async ({ page }) => {
  await gotoHydrated(page, '/backoffice/unprocessed');
  await expect(page.getByText('There are no unprocessed messages.')).toBeVisible();
  await checkLook(page);
});

test('the webhook: an address is set, tested, refused; the secret is shown when asked for', async ({ page, server }) => {
  await gotoHydrated(page, '/backoffice/system');
  await page.getByRole('link', { name: 'System webhook' }).click();
  await expect(page.getByText('Nobody is told so far.')).toBeVisible();
  await checkLook(page);
  await set(server, 'WEBHOOK_FLOW_COMPONENT_ERROR', 'http://127.0.0.1:9/hook');
  await gotoHydrated(page, '/backoffice/system/webhook');
  await expect(page.getByText('Not called yet')).toBeVisible();
  await page.getByRole('button', { name: 'Send a test' }).click();
  await expect(page.getByText('A test is on its way to all that hear of failures.')).toBeVisible();
  await expect(async () => {
    await page.reload();
    await expect(page.locator('#receivers .badge').filter({ hasText: 'Refused' })).toBeVisible();
    await expect(page.locator('#deliveries .badge').filter({ hasText: 'Refused' })).toBeVisible();
  }).toPass();
  await page.getByRole('link', { name: 'Show the secret' }).click();
  await expect(page.getByLabel('The signing secret')).toHaveValue(/^[0-9a-f]{64}$/);
  await checkLook(page);
});
