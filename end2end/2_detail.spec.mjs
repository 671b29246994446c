// 2. The page of a module: what it is, what is in it, and what can be done with it.
import { test as offeringTest, writeTree } from './catalogue.mjs';
import { install, upload } from './client.mjs';
import { expect, gotoHydrated, makeModuleZip, test } from './fixtures.mjs';
import { card, cards, installedBadge, searchBox } from './locators.mjs';

const KITCHEN = {
  name: 'acme.kitchen',
  version: '2.1.0',
  label: 'Kitchen',
  description:
    'Cooks **well**, see <a href="https://example.com/menu">the menu</a>.<script>document.title = "owned"</script>' +
    '<img src="https://example.com/pixel.png" onerror="document.title = \'owned\'"><a href="javascript:alert(1)">more</a>',
  changelog: { '2.1.0': ['Adds `Roast`.'], '2.0.0': ['Drops Fry.'], '1.0.0': ['First version.'] },
  bundle: { engine: '>=6.0' },
  components: [
    { name: 'NewOrder', manifest: { label: 'New order', inPorts: [], auth: { service: 'acme:kitchen' } } },
    { name: 'Audit', manifest: { private: true } },
    ...['Bake', 'Boil', 'Chop', 'Grill', 'Mix', 'Peel', 'Pour', 'Roast', 'Serve', 'Stir'].map((name) => ({
      name,
      manifest: { description: `Says when to ${name.toLowerCase()}.` },
    })),
  ],
  extraFiles: {
    'acme/kitchen/auth.js': "module.exports = { type: 'apiKey', definition: { auth: {} } };\n",
    'acme/kitchen/README.md': '# Kitchen\n\nPut the **key** into the lock.\n',
  },
};

offeringTest.describe('a module of the catalogue', () => {
  offeringTest.use({ offered: { modules: [KITCHEN] } });

  offeringTest('shows everything that is known of it', async ({ page, catalogue }) => {
    await page.goto('/backoffice/modules/acme.kitchen');
    await expect(page).toHaveTitle('Kitchen · Stockroom');
    await expect(page.getByRole('heading', { level: 1, name: 'Kitchen' })).toBeVisible();
    const head = page.getByRole('article').locator('header');
    for (const text of ['acme.kitchen', '2.1.0', 'utilities']) await expect(head).toContainText(text);
    await expect(installedBadge(head)).toHaveCount(0);
    await expect(page.getByRole('link', { name: 'Download this module' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Install this module' })).toBeEnabled();
    await expect(page.getByRole('button', { name: 'Remove this module' })).toHaveCount(0);

    const facts = page.getByRole('complementary', { name: 'Facts' });
    for (const [term, value] of [
      ['Version', '2.1.0'],
      ['Vendor', 'acme'],
      ['Category', 'utilities'],
      ['Sign-in', 'API key'],
      ['Size', /^\d+ (B|kB)$/],
      ['Engine', '>=6.0'],
      ['Source', catalogue],
    ]) {
      await expect(facts.getByRole('term').filter({ hasText: new RegExp(`^${term}$`) })).toBeVisible();
      await expect(facts.getByRole('definition').filter({ hasText: value }).first()).toBeVisible();
    }
    const changes = facts.getByRole('heading', { name: 'What changed' });
    await expect(changes).toBeVisible();
    await expect(facts).toContainText(/2\.1\.0\s*Adds Roast\.\s*2\.0\.0\s*Drops Fry\.\s*1\.0\.0\s*First version\./);
    await expect(facts.getByRole('heading', { name: 'Versions' })).toBeVisible();
    await expect(facts.getByRole('link', { name: 'Download version 2.1.0' })).toBeVisible();
    await expect(page.getByRole('region', { name: 'Read me' })).toContainText('Put the key into the lock.');
  });

  offeringTest('shows the description with its markup, and nothing that acts', async ({ page }) => {
    await page.goto('/backoffice/modules/acme.kitchen');
    const article = page.getByRole('article');
    await expect(article.getByText('Cooks well, see the menu.')).toBeVisible();
    await expect(article.locator('strong', { hasText: 'well' })).toBeVisible();
    const menu = article.getByRole('link', { name: 'the menu' });
    await expect(menu).toHaveAttribute('href', 'https://example.com/menu');
    await expect(menu).toHaveAttribute('rel', /noopener/);
    await expect(article.locator('script, img[src^="http"], [onerror], a[href^="javascript"]')).toHaveCount(0);
    await expect(page).toHaveTitle('Kitchen · Stockroom');
  });

  offeringTest('lists triggers, then actions, and searches in them when they are many', async ({ page }) => {
    await gotoHydrated(page, '/backoffice/modules/acme.kitchen');
    const components = page.getByRole('region', { name: /^Components/ });
    await expect(components.getByRole('heading', { level: 2 })).toContainText('1 trigger, 11 actions');
    const [triggers, actions] = [components.getByRole('list').first(), components.getByRole('list').last()];
    await expect(triggers.getByRole('listitem')).toHaveCount(1);
    await expect(triggers).toContainText('New order');
    await expect(triggers).toContainText('acme.kitchen.core.NewOrder');
    await expect(actions.getByRole('listitem')).toHaveCount(11);
    await expect(actions.getByRole('listitem').filter({ hasText: 'Audit' })).toContainText('private');
    const search = components.getByRole('searchbox', { name: 'Search in the components' });
    await search.fill('when to bo');
    await expect(components.getByRole('listitem').filter({ visible: true })).toHaveCount(1);
    await expect(components.getByText('acme.kitchen.core.Boil')).toBeVisible();
    await search.fill('');
    await expect(components.getByRole('listitem').filter({ visible: true })).toHaveCount(12);
  });

  offeringTest('says what is wrong with a broken one, and lets nobody install it', async ({ page, server, catalogue }) => {
    await writeTree(catalogue, { 'acme/bad/bundle.json': '{ "name": "acme.bad", "version": 1 }' });
    await gotoHydrated(page, '/backoffice/modules');
    await expect(card(page, 'acme.bad')).toContainText('Broken');
    await expect(card(page, 'acme.kitchen')).toBeVisible();
    await page.goto(`${server.url}/backoffice/modules/acme.bad`);
    await expect(page.getByText('cannot be installed')).toBeVisible();
    await expect(page.getByText('acme/bad/bundle.json at /version')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Install this module' })).toHaveCount(0);
  });
});

test('a module that is installed offers to remove it instead', async ({ page, server }) => {
  await install(server, 'stockroom.timers');
  await page.goto('/backoffice/modules/stockroom.timers');
  await expect(installedBadge(page.getByRole('article').locator('header'))).toBeVisible();
  await expect(page.getByRole('button', { name: 'Remove this module' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Install this module' })).toHaveCount(0);
});

test('the SHA-256 of the archive can be read in full', async ({ page, server }) => {
  await page.goto('/backoffice/modules/stockroom.timers');
  const archive = await server.fetch('/backoffice/modules/stockroom.timers/download');
  const hash = archive.headers.get('etag').replaceAll('"', '');
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  const facts = page.getByRole('complementary', { name: 'Facts' });
  await facts.getByText(hash.slice(0, 12)).first().click();
  await expect(facts.getByText(hash, { exact: true })).toBeVisible();
});

test('an uploaded module has a page of its own', async ({ page, server }) => {
  await upload(server, makeModuleZip({ name: 'acme.own', label: 'Our own' }));
  await gotoHydrated(page, '/backoffice/modules/acme.own');
  await expect(page.getByRole('heading', { level: 1, name: 'Our own' })).toBeVisible();
  await expect(page.getByRole('complementary', { name: 'Facts' })).toContainText('upload');
});

test('an unknown module is a 404 that offers the search', async ({ page }) => {
  const answer = await page.goto('/backoffice/modules/acme.nothing');
  expect(answer.status()).toBe(404);
  await expect(page.getByRole('heading', { level: 1, name: 'Not found' })).toBeVisible();
  await page.getByRole('searchbox', { name: 'Search modules' }).fill('csv');
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(searchBox(page)).toHaveValue('csv');
  await expect(cards(page)).toHaveCount(1);
});

test('an unknown page is a 404 as well', async ({ page }) => {
  expect((await page.goto('/backoffice/nothing/here')).status()).toBe(404);
  await expect(page.getByRole('heading', { level: 1, name: 'Not found' })).toBeVisible();
});
