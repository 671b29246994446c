// 5. After installing: a module that needs configuration says so, and leads to its documentation.
import { test as offeringTest } from './catalogue.mjs';
import { install } from './client.mjs';
import { expect, gotoHydrated, test } from './fixtures.mjs';

const notice = (page) => page.getByText('Needs configuration.');

test('an OAuth module asks for its client id and secret once it is installed', async ({ page }) => {
  await gotoHydrated(page, '/backoffice/modules/stockroom.gitlab');
  await expect(page.getByRole('button', { name: 'Install this module' })).toBeVisible();
  await expect(notice(page)).toHaveCount(0);
  await page.getByRole('button', { name: 'Install this module' }).click();
  await expect(notice(page)).toBeVisible();
  await expect(page.getByText('client id and a client secret')).toBeVisible();
  const link = page.getByRole('link', { name: 'Read its documentation' });
  await expect(link).toHaveAttribute('href', /^https?:\/\//);
  await expect(link).toHaveAttribute('rel', /noopener/);
  await expect(link).toHaveAttribute('target', '_blank');
});

test('a module that works at once says nothing', async ({ page, server }) => {
  await install(server, 'stockroom.text');
  await page.goto('/backoffice/modules/stockroom.text');
  await expect(page.getByRole('button', { name: 'Remove this module' })).toBeVisible();
  await expect(notice(page)).toHaveCount(0);
});

offeringTest.describe('links of strangers', () => {
  const asks = { configuration: { properties: { key: { type: 'string' } }, required: ['key'] } };
  offeringTest.use({
    offered: {
      modules: [
        { name: 'acme.sly', manifest: { ...asks, documentation: 'javascript:alert(document.domain)' } },
        { name: 'acme.readme', manifest: asks, extraFiles: { 'acme/readme/README.md': '## Setting up\n\nTurn it on.\n' } },
      ],
    },
  });

  offeringTest('are links only where they lead to the web', async ({ page, server }) => {
    await install(server, 'acme.sly');
    await page.goto('/backoffice/modules/acme.sly');
    await expect(notice(page)).toBeVisible();
    await expect(page.getByText('It names no documentation')).toBeVisible();
    await expect(page.locator('a[href^="javascript"]')).toHaveCount(0);
  });

  offeringTest('a README stands in for a documentation', async ({ page, server }) => {
    await install(server, 'acme.readme');
    await page.goto('/backoffice/modules/acme.readme');
    await expect(notice(page)).toBeVisible();
    await page.getByRole('link', { name: 'Read its documentation' }).click();
    await expect(page.getByRole('heading', { name: 'Setting up' })).toBeInViewport();
  });
});
