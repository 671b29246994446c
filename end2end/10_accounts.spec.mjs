// 10. What a flow signs in with elsewhere is added and chosen on its page, and never shown again.
import { install } from './client.mjs';
import { expect, gotoReady, test } from './fixtures.mjs';
import { heading } from './locators.mjs';
import { checkLook } from './look.mjs';

const FLOW = {
  name: 'Look at projects',
  flow: { list: { type: 'stockroom.gitlab.core.ListProjects', label: 'List them', source: {}, config: {} } },
};

/** The part of a flow's page that is about its accounts. */
async function openAccounts(page, server) {
  await install(server, 'stockroom.gitlab');
  const headers = { 'content-type': 'application/json' };
  const made = await server.fetch('/flows', { method: 'POST', headers, body: JSON.stringify(FLOW) });
  const { flowId } = await made.json();
  await gotoReady(page, `/backoffice/flows/${flowId}`);
  await expect(heading(page, FLOW.name)).toBeVisible();
  return page.getByRole('region', { name: 'Accounts' });
}

test('looks', async ({ page, server }) => {
  const accounts = await openAccounts(page, server);
  await accounts.getByText('Add an account').click();
  await checkLook(page);
});

test('an account is added, used at once, and can be put away @nojs', async ({ page, server }) => {
  const accounts = await openAccounts(page, server);
  const choice = accounts.getByLabel('Account of List them');
  await expect(choice.locator('option:checked')).toHaveText('No account');

  await accounts.getByText('Add an account').click();
  await accounts.getByLabel('Your name for it').fill('Our GitLab');
  await accounts.getByLabel('Value 1').fill('glpat-secret');
  await accounts.getByRole('button', { name: 'Add account' }).click();
  await expect(page.getByRole('alert')).toContainText('Give each value the name of its field');
  if (!(await accounts.getByLabel('Field 1').isVisible())) {
    await accounts.getByText('Add an account').click();
  }
  await accounts.getByLabel('Your name for it').fill('Our GitLab');
  await accounts.getByLabel('Field 1').fill('apiKey');
  await accounts.getByLabel('Value 1').fill('glpat-secret');
  await accounts.getByRole('button', { name: 'Add account' }).click();
  await expect(choice.locator('option:checked')).toHaveText('Our GitLab');
  expect(await page.content()).not.toContain('glpat-secret');

  const kept = await (await server.fetch('/accounts')).json();
  expect(kept).toMatchObject([{ displayName: 'Our GitLab', service: 'stockroom:gitlab' }]);
  await choice.selectOption('No account');
  await accounts.getByRole('button', { name: 'Use this account for List them' }).click();
  await expect.poll(async () => (await server.fetch(`/accounts/${kept[0].accountId}/flows`)).json()).toEqual([]);
});
