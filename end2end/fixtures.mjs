// What every spec imports: `test` with a server of its own, `expect`, and the checks that all pages share.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, test as base } from '@playwright/test';
import { COOKIE, Server } from './server.mjs';

export { expect };
export { ADMIN } from './server.mjs';
export { makeModuleZip, makeZip, moduleFiles } from './zip.mjs';

/**
 * Each test gets a `server` on an empty data folder, and `page.goto('/backoffice/')` goes there as its administrator.
 * `test.use({ serverArgs: ['--flag'], serverEnv: { NAME: 'value' } })` starts it otherwise, `visitor: 'nobody'` opens
 * the browser without a session, `administrator: false` starts a server that has no users, and `defaultData: true` one
 * that was not told where to keep its data.
 */
export const test = base.extend({
  serverArgs: [[], { option: true }],
  serverEnv: [{}, { option: true }],
  administrator: [true, { option: true }],
  defaultData: [false, { option: true }],
  visitor: ['admin', { option: true }],
  server: async ({ serverArgs, serverEnv, administrator, defaultData }, use, testInfo) => {
    const server = await Server.start({ args: serverArgs, env: serverEnv, administrator, defaultData });
    await use(server);
    if (testInfo.status !== testInfo.expectedStatus) {
      await testInfo.attach('server.log', { body: server.logs(), contentType: 'text/plain' });
    }
    await server.remove();
  },
  baseURL: async ({ server }, use) => use(server.url),
  context: async ({ context, server, visitor }, use) => {
    if (visitor !== 'nobody' && server.cookie) {
      await context.addCookies([{ name: COOKIE, value: server.cookie, url: server.url, httpOnly: true, sameSite: 'Lax' }]);
    }
    await use(context);
  },
});

/** Goes to a page and waits until the browser's half has taken over: from then on clicks are answered locally. */
export async function gotoHydrated(page, path) {
  await page.goto(path);
  await expect(page.locator('html')).toHaveAttribute('data-hydrated', '');
}

/** The same in tests that are for both, with JavaScript and without. */
export const gotoReady = (page, path) =>
  test.info().project.use.javaScriptEnabled === false ? page.goto(path) : gotoHydrated(page, path);

/**
 * Asserts that axe finds nothing against WCAG 2.2 AA and its best practice, on the page or below `within`. With `soft`
 * the test goes on after a finding, so that one run tells all of them.
 */
export async function axeCheck(page, { within, soft = false } = {}) {
  const builder = new AxeBuilder({ page }).withTags([
    'wcag2a',
    'wcag2aa',
    'wcag21a',
    'wcag21aa',
    'wcag22aa',
    'best-practice',
  ]);
  const { violations } = await (within ? builder.include(within) : builder).analyze();
  const told = violations.map(
    ({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => `    ${node.target.join(' ')}`).join('\n')}`,
  );
  (soft ? expect.soft : expect)(told, 'accessibility').toEqual([]);
}
