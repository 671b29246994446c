// 1. "Modules": all modules that can be installed, searched and filtered without waiting.
import { test as offeringTest } from './catalogue.mjs';
import { install } from './client.mjs';
import { expect, gotoHydrated, test } from './fixtures.mjs';
import { card, cards, installedBadge, searchBox, status } from './locators.mjs';

const LIST = '/backoffice/modules';

test('"Modules" in the main menu shows all modules, and at its bottom the way to add one', async ({ page }) => {
  await gotoHydrated(page, '/backoffice/acl');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Modules' }).click();
  await expect(page).toHaveURL(LIST);
  await expect(page.getByRole('heading', { level: 1, name: 'Modules' })).toBeVisible();
  await expect(cards(page)).toHaveCount(13);
  await expect(page.getByRole('button', { name: 'Add module from your filesystem' })).toBeVisible();
  const timers = card(page, 'stockroom.timers');
  for (const text of ['Timers', '1.2.0', 'stockroom', 'utilities', '4 components', 'Start flows at set times']) {
    await expect(timers).toContainText(text);
  }
});

test('installed modules carry a badge', async ({ page, server }) => {
  await install(server, 'stockroom.timers');
  await page.goto(LIST);
  await expect(installedBadge(card(page, 'stockroom.timers'))).toBeVisible();
  await expect(installedBadge(cards(page))).toHaveCount(1);
});

test('the cards stay where they are, however many are found', async ({ page }) => {
  await gotoHydrated(page, LIST);
  for (const width of [390, 700, 1000, 1280, 1920]) {
    await page.setViewportSize({ width, height: 800 });
    // Counts of the widths that a large catalogue has, and of the least.
    const ends = [];
    for (const count of ['0', '13', '10,000', '100,000']) {
      ends.push(await page.locator('form.bar').evaluate((bar, count) => {
        for (const place of bar.querySelectorAll('.seg .soft')) place.textContent = count;
        return bar.getBoundingClientRect().bottom;
      }, count));
    }
    expect(new Set(ends).size, `${width} px: ${ends}`).toBe(1);
  }
});

test('the search answers at each key, over label, name, description and components', async ({ page }) => {
  await gotoHydrated(page, LIST);
  await expect(status(page, 'All', 13)).toBeVisible();
  for (const [text, found] of [
    ['gitl', 'stockroom.gitlab'],
    ['stockroom.rss', 'stockroom.rss'],
    ['comma-separated', 'stockroom.csv'],
    ['merge request', 'stockroom.gitlab'],
    ['AirQuality', 'stockroom.openweather'],
  ]) {
    await searchBox(page).fill(text);
    await expect(cards(page)).toHaveCount(1);
    await expect(card(page, found)).toBeVisible();
    await expect(status(page, 'All', 1)).toBeVisible();
  }
  await searchBox(page).fill('');
  await expect(cards(page)).toHaveCount(13);
});

test('no key press waits for the network', async ({ context, page }) => {
  await gotoHydrated(page, LIST);
  await searchBox(page).fill('zzz');
  await expect(cards(page)).toHaveCount(0);
  await context.setOffline(true);
  await searchBox(page).fill('timers');
  await expect(card(page, 'stockroom.timers')).toBeVisible();
});

test('/ leads to the search, but not out of a field', async ({ page }) => {
  await gotoHydrated(page, LIST);
  await page.keyboard.press('/');
  await expect(searchBox(page)).toBeFocused();
  await expect(searchBox(page)).toHaveValue('');
  await page.keyboard.type('a/b');
  await expect(searchBox(page)).toHaveValue('a/b');
});

test('the status filter shows what is installed and what is not, with counts', async ({ page, server }) => {
  await install(server, 'stockroom.timers');
  await install(server, 'stockroom.csv');
  await gotoHydrated(page, LIST);
  await status(page, 'Installed', 2).click();
  await expect(cards(page)).toHaveCount(2);
  await expect(page).toHaveURL(`${LIST}?status=installed`);
  await status(page, 'Not installed', 11).click();
  await expect(cards(page)).toHaveCount(11);
  await expect(card(page, 'stockroom.csv')).toHaveCount(0);
  await status(page, 'Update available', 0).click();
  await expect(page.getByText('No module matches.')).toBeVisible();
  await status(page, 'All', 13).click();
  await expect(cards(page)).toHaveCount(13);
});

test('category and order', async ({ page }) => {
  await gotoHydrated(page, LIST);
  await page.getByRole('combobox', { name: 'Category' }).selectOption('applications');
  await expect(cards(page)).toHaveCount(4);
  await expect(status(page, 'All', 4)).toBeVisible();
  await page.getByRole('combobox', { name: 'Order' }).selectOption('Most components');
  await expect(cards(page).first()).toContainText('GitLab');
  await page.getByRole('combobox', { name: 'Category' }).selectOption('All categories');
  await expect(cards(page).first()).toContainText('Lists');
  await page.getByRole('combobox', { name: 'Order' }).selectOption('Name');
  await expect(cards(page).first()).toContainText('Conditions');
});

test('the address holds the state: back, forward, reload and a shared link', async ({ context, page }) => {
  await gotoHydrated(page, LIST);
  await searchBox(page).fill('e');
  await expect(page).toHaveURL(`${LIST}?q=e`);
  await page.getByRole('combobox', { name: 'Category' }).selectOption('applications');
  await status(page, 'Not installed').click();
  await expect(page).toHaveURL(`${LIST}?q=e&status=not-installed&category=applications`);
  // The rows below the screen come a moment after the others.
  const number = Number(/\d+/.exec(await status(page, 'Not installed').innerText()));
  expect(number).toBeLessThan(13);
  await expect(cards(page)).toHaveCount(number);
  const shown = await cards(page).allInnerTexts();

  await page.goBack();
  await expect(page).toHaveURL(`${LIST}?q=e&category=applications`);
  await page.goBack();
  await expect(page.getByRole('combobox', { name: 'Category' })).toHaveValue('');
  await expect(searchBox(page)).toHaveValue('e');
  await page.goForward();
  await page.goForward();
  await expect(page.getByRole('combobox', { name: 'Category' })).toHaveValue('applications');
  await expect(cards(page)).toHaveText(shown, { useInnerText: true });

  const shared = page.url();
  await page.reload();
  await expect(cards(page)).toHaveText(shown, { useInnerText: true });
  const other = await context.newPage();
  await gotoHydrated(other, shared);
  await expect(searchBox(other)).toHaveValue('e');
  await expect(other.getByRole('combobox', { name: 'Category' })).toHaveValue('applications');
  await expect(status(other, 'Not installed')).toHaveAttribute('aria-current', 'true');
  await expect(cards(other)).toHaveText(shown, { useInnerText: true });
});

test('back from a module keeps the search', async ({ page }) => {
  await gotoHydrated(page, LIST);
  await searchBox(page).fill('json');
  await card(page, 'stockroom.json').click();
  await expect(page.getByRole('heading', { level: 1, name: 'JSON' })).toBeVisible();
  await page.goBack();
  await expect(searchBox(page)).toHaveValue('json');
  await expect(cards(page)).toHaveCount(1);
  await page.goForward();
  await expect(page.getByRole('heading', { level: 1, name: 'JSON' })).toBeVisible();
});

test('arrow keys walk over the cards and Enter opens one', async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 900 });
  await gotoHydrated(page, LIST);
  await expect(status(page, 'All', 13)).toBeVisible();
  await cards(page).first().focus();
  await page.keyboard.press('ArrowRight');
  await expect(cards(page).nth(1)).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  await expect(cards(page).first()).toBeFocused();
  await page.keyboard.press('ArrowDown');
  const [first, below] = [await cards(page).first().boundingBox(), await page.locator(':focus').boundingBox()];
  expect(below.x).toBeCloseTo(first.x, 0);
  expect(below.y).toBeGreaterThan(first.y);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Conditions' })).toBeVisible();
});

test('a search without a result says so and leads on', async ({ page }) => {
  await gotoHydrated(page, LIST);
  await status(page, 'Installed').click();
  await searchBox(page).fill('csv');
  await expect(page.getByText('No module matches.')).toBeVisible();
  await page.getByRole('link', { name: 'Search in all modules' }).click();
  await expect(card(page, 'stockroom.csv')).toBeVisible();
  await expect(status(page, 'All')).toHaveAttribute('aria-current', 'true');
});

test('another window sees the badge and the counts without a reload', async ({ page, server }) => {
  await gotoHydrated(page, LIST);
  await expect(status(page, 'Installed', 0)).toBeVisible();
  await install(server, 'stockroom.mail');
  await expect(installedBadge(card(page, 'stockroom.mail'))).toBeVisible();
  await expect(status(page, 'Installed', 1)).toBeVisible();
});

offeringTest.describe('a thousand modules', () => {
  const number = (place) => String(place).padStart(4, '0');
  offeringTest.use({
    offered: {
      modules: Array.from({ length: 1000 }, (_, place) => ({
        name: `acme.m${number(place)}`,
        label: `Module ${number(place)}`,
      })),
    },
  });

  offeringTest('the page holds what is on the screen, and its end can be reached', async ({ page }) => {
    await gotoHydrated(page, LIST);
    await expect(status(page, 'All', 1000)).toBeVisible();
    await expect.poll(() => cards(page).count()).toBeLessThan(100);
    await expect(card(page, 'acme.m0000')).toBeInViewport();
    await page.keyboard.press('End');
    await expect(card(page, 'acme.m0999')).toBeInViewport();
    await expect.poll(() => cards(page).count()).toBeLessThan(100);
    await expect(card(page, 'acme.m0000')).toHaveCount(0);
    await expect(page.getByRole('button', { name: 'Add module from your filesystem' })).toBeInViewport();
  });

  offeringTest('back from a module leads to the same place', async ({ page }) => {
    await gotoHydrated(page, LIST);
    await expect(status(page, 'All', 1000)).toBeVisible();
    await page.mouse.wheel(0, 12_000);
    await expect(card(page, 'acme.m0000')).toHaveCount(0);
    const inView = () =>
      cards(page).evaluateAll((all) => {
        const middle = innerHeight / 2;
        return all.find((one) => one.getBoundingClientRect().bottom > middle)?.getAttribute('href');
      });
    await expect.poll(inView).toBeTruthy();
    const address = await inView();
    await page.locator(`a[href="${address}"]`).click();
    await expect(page.getByRole('heading', { level: 1 })).toContainText('Module ');
    await page.goBack();
    await expect(page.locator(`a[href="${address}"]`)).toBeInViewport();
  });

  offeringTest('each row can be reached by the keyboard alone', async ({ page }) => {
    await gotoHydrated(page, LIST);
    await expect(status(page, 'All', 1000)).toBeVisible();
    await cards(page).first().focus();
    await page.keyboard.press('ArrowRight');
    await expect(page.locator(':focus')).toContainText('acme.m0001');
    await page.keyboard.press('ArrowLeft');
    const columns = await cards(page).evaluateAll((all) => {
      const tops = all.map((one) => one.getBoundingClientRect().top);
      return tops.filter((top) => top === tops[0]).length;
    });
    for (let row = 1; row <= 40; row += 1) {
      await page.keyboard.press('ArrowDown');
      await expect(page.locator(':focus')).toContainText(`acme.m${number(row * columns)}`);
    }
    await expect(page.locator(':focus')).toBeInViewport();
    await expect(card(page, 'acme.m0000')).toHaveCount(0);
  });

  offeringTest('a key that is held down does not lose the focus', async ({ page }) => {
    await gotoHydrated(page, LIST);
    await expect(status(page, 'All', 1000)).toBeVisible();
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: 6 });
    await cards(page).first().focus();
    for (const key of ['ArrowDown', 'ArrowUp']) {
      await Promise.all(Array.from({ length: 100 }, () => page.keyboard.press(key)));
      await expect(page.locator(':focus')).toBeInViewport();
      await expect(page.locator(':focus')).toContainText('acme.m0');
    }
  });

  offeringTest('a search in a thousand modules is one of them', async ({ page }) => {
    await gotoHydrated(page, LIST);
    await searchBox(page).fill('module 0512');
    await expect(cards(page)).toHaveCount(1);
    await expect(card(page, 'acme.m0512')).toBeInViewport();
  });
});
