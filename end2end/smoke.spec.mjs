// The server starts, sends its first page, and the browser takes over.
import { axeCheck, expect, gotoHydrated, test } from './fixtures.mjs';

test('the list of modules opens @nojs', async ({ page }) => {
  await page.goto('/backoffice/modules');
  await expect(page.getByRole('heading', { name: 'Modules', level: 1 })).toBeVisible();
});

test('the browser takes over without a complaint', async ({ page }) => {
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  await gotoHydrated(page, '/backoffice/modules');
  expect(complaints).toEqual([]);
  await axeCheck(page);
});

test('nothing is loaded from another host', async ({ page, server }) => {
  const elsewhere = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(`${server.url}/`)) elsewhere.push(request.url());
  });
  await gotoHydrated(page, '/backoffice/modules');
  expect(elsewhere).toEqual([]);
});

test('the server ends cleanly when it is asked to, and starts again on its data', async ({ page, server }) => {
  expect(await server.stop()).toBe(0);
  await server.restart();
  await page.goto('/backoffice/modules');
  await expect(page.getByRole('heading', { name: 'Modules', level: 1 })).toBeVisible();
});
