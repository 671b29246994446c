// 10. Flows: an example runs for real, its module goes away, it fails, the module comes back, it recovers.
import { remove, install } from './client.mjs';
import { axeCheck, expect, gotoHydrated, gotoReady, test } from './fixtures.mjs';
import { heading, installedBadge, toast } from './locators.mjs';
import { checkLook } from './look.mjs';

const GREET = 'Greet whoever calls';
const TRIGGER = '6f6a1f5e-0001-4c5e-9a51-3d1c0a7e0001';
// Until Node has started and loaded a module for the first time.
const FIRST_RUN = { timeout: 20_000 };

const badge = (page, text) => page.locator('header .badge').filter({ hasText: text });

async function addExample(page) {
  await gotoHydrated(page, '/backoffice/flows');
  await page.getByRole('button', { name: `Add the example ${GREET}` }).click();
  await expect(heading(page, GREET)).toBeVisible();
  return page.url().split('/').at(-1);
}

const call = (server, flow, name) =>
  server.fetch(`/flows/${flow}/components/${TRIGGER}?name=${name}`, { cookie: null });

async function set(server, key, value) {
  const answer = await server.fetch('/config', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key, value }),
  });
  expect(answer.status).toBe(200);
}

// The question, in its dialog or in the page.
const question = (page) => page.locator('dialog[open], .inline-dialog');
const isInstalled = async (server, name) => Boolean((await (await server.fetch(`/modules/${name}`)).json()).installed);
const stage = async (server, flow) => (await (await server.fetch(`/flows/${flow}`)).json()).stage;

/** Adds the example and starts it, without a look at its page. */
async function startExample(page, server) {
  await gotoReady(page, '/backoffice/flows');
  await page.getByRole('button', { name: `Add the example ${GREET}` }).click();
  await expect(heading(page, GREET)).toBeVisible();
  const flow = page.url().split('/').at(-1);
  const started = await server.fetch(`/flows/${flow}/coordinator`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ command: 'start' }),
  });
  expect(started.status).toBe(200);
  return flow;
}

async function askToRemove(page) {
  await gotoReady(page, '/backoffice/modules/stockroom.text');
  await page.getByRole('button', { name: 'Remove this module' }).click();
  await expect(question(page)).toContainText('1 flow would lose components:');
}

test.describe('with the modules that the example needs', () => {
  test.beforeEach(async ({ server }) => {
    await install(server, 'stockroom.http');
    await install(server, 'stockroom.text');
  });

  test('an example is added, started, called, and stopped', async ({ page, server }) => {
    const flow = await addExample(page);
    await expect(badge(page, 'Stopped')).toBeVisible();
    expect((await call(server, flow, 'Ada')).status).toBe(409);
    await page.getByRole('button', { name: 'Start' }).click();
    await expect(badge(page, 'Running')).toBeVisible(FIRST_RUN);
    const answer = await call(server, flow, 'Ada');
    expect([answer.status, await answer.json()]).toEqual([200, { greeting: 'Hello, Ada!' }]);
    // The page follows the flow by itself.
    await expect(page.getByText('waiting for requests')).toBeVisible();
    await checkLook(page);
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect(badge(page, 'Stopped')).toBeVisible();
    expect((await call(server, flow, 'Ada')).status).toBe(409);
  });

  test('a module that is removed under it stops its messages, and brings them on when it is back', async ({ page, server }) => {
    await set(server, 'RETRY_INIT_EXP', 500);
    const flow = await addExample(page);
    await page.getByRole('button', { name: 'Start' }).click();
    await expect(badge(page, 'Running')).toBeVisible(FIRST_RUN);
    await remove(server, 'stockroom.text');
    // Nobody answers: the message waits for its component.
    const waiting = call(server, flow, 'Grace');
    await expect(page.getByText('Components of this flow are not installed.')).toBeVisible(FIRST_RUN);
    await expect(page.getByRole('heading', { name: '1 message on the way' })).toBeVisible(FIRST_RUN);
    await expect(page.getByText('! not installed')).toBeVisible();
    await checkLook(page);
    await gotoHydrated(page, '/backoffice/flows');
    await expect(page.getByText('1 missing component')).toBeVisible();
    await checkLook(page);
    await gotoHydrated(page, `/backoffice/flows/${flow}`);
    await expect(page.getByRole('heading', { name: '1 message on the way' })).toBeVisible();
    await install(server, 'stockroom.text');
    // Whoever called does not wait for a retry; the message itself goes on.
    expect((await waiting).status).toBe(202);
    await expect(page.getByRole('heading', { name: 'on the way' })).toHaveCount(0, FIRST_RUN);
    await expect(page.getByText('Components of this flow are not installed.')).toHaveCount(0);
    const again = await call(server, flow, 'Grace');
    expect(await again.json()).toEqual({ greeting: 'Hello, Grace!' });
  });
});

test.describe('a module that a running flow uses', () => {
  test.beforeEach(async ({ server }) => {
    await install(server, 'stockroom.http');
    await install(server, 'stockroom.text');
  });

  test('is kept by Cancel, and removed anyway by whoever types its name @nojs', async ({ page, server }) => {
    const flow = await startExample(page, server);
    await askToRemove(page);
    await expect(question(page).getByRole('link', { name: GREET })).toBeVisible();
    await expect(question(page)).toContainText('Running');
    await expect(question(page)).toContainText('! would be missing');
    await question(page).getByRole('button', { name: 'Cancel' }).click();
    await expect(question(page)).toHaveCount(0);
    await askToRemove(page);
    await question(page).getByRole('textbox').fill('stockroom');
    await question(page).getByRole('button', { name: 'Remove anyway' }).click();
    await expect(question(page)).toBeVisible();
    expect(await isInstalled(server, 'stockroom.text')).toBe(true);
    await question(page).getByRole('textbox').fill('stockroom.text');
    await question(page).getByRole('button', { name: 'Remove anyway' }).click();
    await expect(page.getByText('1 flow cannot do without this module.')).toBeVisible();
    expect(await stage(server, flow)).toBe('running');
    await gotoReady(page, `/backoffice/flows/${flow}`);
    await page.getByRole('link', { name: 'Reinstall stockroom.text' }).click();
    await page.getByRole('button', { name: 'Undo the removal' }).click();
    await expect(installedBadge(page.getByRole('article').locator('header'))).toBeVisible();
  });

  test('is removed after the flow was stopped @nojs', async ({ page, server }) => {
    const flow = await startExample(page, server);
    await askToRemove(page);
    await question(page).getByRole('button', { name: 'Stop this flow and remove' }).click();
    await expect(page.getByText('1 flow cannot do without this module.')).toBeVisible(FIRST_RUN);
    expect(await isInstalled(server, 'stockroom.text')).toBe(false);
    expect(await stage(server, flow)).toBe('stopped');
    await gotoReady(page, `/backoffice/flows/${flow}`);
    await expect(page.getByText('The flow cannot be started before they are.')).toBeVisible();
  });

  test('is looked at before it goes', async ({ page, server }) => {
    await startExample(page, server);
    await gotoHydrated(page, '/backoffice/modules/stockroom.text');
    await page.getByRole('button', { name: 'Remove this module' }).click();
    await expect(page.getByRole('dialog', { name: 'Remove Text?' })).toBeVisible();
    await checkLook(page);
  });

  test('brings back what was lost while it was missing', async ({ page, server }) => {
    await set(server, 'RETRY_MAX_COUNT', 1);
    const flow = await startExample(page, server);
    await remove(server, 'stockroom.text');
    expect((await call(server, flow, 'Edsger&enqueueOnly=true')).status).toBe(202);
    await expect(async () => {
      const letters = await server.fetch('/unprocessed-messages?module=stockroom.text');
      expect(await letters.json()).toHaveLength(1);
    }).toPass();
    await gotoHydrated(page, '/backoffice/modules/stockroom.text');
    await page.getByRole('button', { name: 'Undo the removal' }).click();
    await expect(page.getByText('1 message ended unprocessed because this module was missing.')).toBeVisible();
    await axeCheck(page, { within: '#news' });
    await page.getByRole('button', { name: 'Replay 1 message' }).click();
    await expect(toast(page, '1 message is on the way again.')).toBeVisible();
    await expect(page.getByText('ended unprocessed because this module was missing.')).toHaveCount(0);
    expect(await (await server.fetch('/unprocessed-messages')).json()).toEqual([]);
  });
});

test('a flow whose modules are not installed does not start, and says which @nojs', async ({ page }) => {
  await gotoReady(page, '/backoffice/flows');
  await page.getByRole('button', { name: `Add the example ${GREET}` }).click();
  await expect(page.getByText('Components of this flow are not installed.')).toBeVisible();
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'stockroom.http' }).first()).toBeVisible();
  await expect(badge(page, 'Stopped')).toBeVisible();
});

test('what is exported is imported again, and deleted @nojs', async ({ page, server }) => {
  await gotoReady(page, '/backoffice/flows');
  await page.getByRole('button', { name: `Add the example ${GREET}` }).click();
  await expect(heading(page, GREET)).toBeVisible();
  const exported = await server.fetch(`/flows/${page.url().split('/').at(-1)}`);
  const text = await exported.text();
  await gotoReady(page, '/backoffice/flows');
  await page.getByText('Import a flow').click();
  await page.getByLabel('Its JSON, as Export gives it').fill('{"name":');
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('This is no JSON');
  await page.getByText('Import a flow').click();
  await page.getByLabel('Its JSON, as Export gives it').fill(text);
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(heading(page, GREET)).toBeVisible();
  await page.getByText('Delete this flow').first().click();
  await page.getByRole('button', { name: 'Delete this flow' }).click();
  await expect(heading(page, 'Flows')).toBeVisible();
  await expect(page.getByRole('link', { name: GREET })).toHaveCount(1);
});

test.describe('looks', () => {
  test('flows, when there are none', async ({ page }) => {
    await gotoHydrated(page, '/backoffice/flows');
    await expect(page.getByText('There are no flows yet.')).toBeVisible();
    await checkLook(page);
  });
});
