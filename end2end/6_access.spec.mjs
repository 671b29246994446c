// 6. "Access control": who may use a module, in words, with one button and by hand.
import { test as offeringTest } from './catalogue.mjs';
import { install } from './client.mjs';
import { expect, gotoHydrated, test } from './fixtures.mjs';
import { rules, toast } from './locators.mjs';

const access = (page) => page.getByRole('region', { name: 'Access control' });
const table = (page) => page.getByRole('region', { name: 'ACL rules', exact: true });
const rule = (page, ...cells) => rules(table(page)).filter({ hasText: cells.join('') });

/** Fills the form for a new rule and presses Add. */
async function addRule(page, { role, resource, action = '*', attributes = 'non-private' }) {
  const form = page.getByRole('region', { name: 'Add a rule' });
  await form.getByLabel('Role').fill(role);
  await form.getByLabel('Resource').fill(resource);
  await form.getByLabel('Action').fill(action);
  await form.getByLabel('Attributes').fill(attributes);
  await form.getByRole('button', { name: 'Add' }).click();
}

/** Opens the presets and chooses one; it asks before it replaces anything. */
async function wantPreset(page, label) {
  await page.getByRole('heading', { name: 'Presets' }).click();
  await page.getByRole('link', { name: `Use the preset ${label}` }).click();
  await expect(page.getByRole('button', { name: 'Replace all rules' })).toBeVisible();
}

async function ask(page, role, component) {
  const tester = page.getByRole('region', { name: 'Try the rules' });
  await tester.getByLabel('Role, e-mail address or domain').fill(role);
  await tester.getByLabel('Component').fill(component);
  await tester.getByRole('button', { name: 'Try', exact: true }).click();
}

const answer = (page) => page.getByRole('region', { name: 'Try the rules' }).getByRole('status');

test.describe('on the page of a module', () => {
  test('a fresh one is for administrators, until one button opens it to users', async ({ page, server }) => {
    await install(server, 'stockroom.timers');
    await gotoHydrated(page, '/backoffice/modules/stockroom.timers');
    await expect(access(page)).toContainText('Only administrators can use this module.');
    await expect(rules(access(page))).toHaveCount(1);
    await access(page).getByRole('button', { name: 'Add ACL rule for users' }).click();
    await expect(toast(page, 'Users can use this module now.')).toBeVisible();
    await expect(access(page)).toContainText('Administrators and users can use');
    await expect(rules(access(page))).toHaveCount(2);
    const opening = rules(access(page)).filter({ hasText: 'user' });
    await expect(opening.getByRole('cell')).toHaveText(['user', 'stockroom.timers.*', '*', 'non-private']);
    await expect(access(page).getByRole('button', { name: 'Add ACL rule for users' })).toBeDisabled();
  });

  test('the button changes nothing the second time', async ({ context, page, server }) => {
    await install(server, 'stockroom.timers');
    const other = await context.newPage();
    await gotoHydrated(page, '/backoffice/modules/stockroom.timers');
    await gotoHydrated(other, '/backoffice/modules/stockroom.timers');
    // The other window has not heard of the first press, or has; either way there is one rule in the end.
    const [first, second] = [page, other].map((window) =>
      access(window).getByRole('button', { name: 'Add ACL rule for users' }).dispatchEvent('click'),
    );
    await Promise.all([first, second]);
    await expect(access(page)).toContainText('Administrators and users can use');
    await page.goto('/backoffice/acl');
    await expect(rule(page, 'user', 'stockroom.timers.*')).toHaveCount(1);
    await expect(rules(table(page))).toHaveCount(2);
  });

  test('the section leads to all rules', async ({ page }) => {
    await gotoHydrated(page, '/backoffice/modules/stockroom.timers');
    await access(page).getByRole('link', { name: 'All rules' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'ACL' })).toBeVisible();
  });
});

test.describe('in the section ACL', () => {
  test.beforeEach(async ({ page }) => {
    await gotoHydrated(page, '/backoffice/acl');
  });

  test('a rule is added, and the same one only once', async ({ page }) => {
    await expect(rules(table(page))).toHaveCount(1);
    await addRule(page, { role: 'tester', resource: 'stockroom.*' });
    await expect(rule(page, 'tester', 'stockroom.*')).toBeVisible();
    await expect(toast(page, 'The rule is saved.')).toBeVisible();
    await addRule(page, { role: 'Tester', resource: 'Stockroom.*' });
    await expect(toast(page, 'This rule is in the table already.')).toBeVisible();
    await expect(rules(table(page))).toHaveCount(2);
  });

  test('a rule that cannot be meant is refused with the reason, and what was typed stays', async ({ page }) => {
    await addRule(page, { role: 'us*', resource: 'a b', action: 'read', attributes: 'public' });
    const refusal = toast(page, 'A role is a name, not a pattern');
    await expect(refusal).toContainText('A resource is one pattern');
    await expect(refusal).toContainText('“read” is no action here');
    await expect(refusal).toContainText('“public” is no attribute');
    await expect(page.getByRole('region', { name: 'Add a rule' }).getByLabel('Role')).toHaveValue('us*');
    await expect(rules(table(page))).toHaveCount(1);
  });

  test('a rule is edited', async ({ page }) => {
    await addRule(page, { role: 'user', resource: 'acme.*' });
    await page.getByRole('link', { name: 'Edit the rule user · acme.* · * · non-private' }).click();
    await expect(table(page).getByLabel('Resource')).toHaveValue('acme.*');
    await table(page).getByLabel('Resource').fill('acme.mail.*');
    await table(page).getByRole('button', { name: 'Save' }).click();
    await expect(rule(page, 'user', 'acme.mail.*')).toBeVisible();
    await expect(rules(table(page))).toHaveCount(2);
    await expect(table(page).getByRole('button', { name: 'Save' })).toHaveCount(0);
  });

  test('an edit can be left without a change', async ({ page }) => {
    await page.getByRole('link', { name: /^Edit the rule admin/ }).click();
    await table(page).getByLabel('Role').fill('nobody');
    await table(page).getByRole('link', { name: 'Cancel' }).click();
    await expect(rule(page, 'admin', '*')).toBeVisible();
    await expect(rule(page, 'nobody')).toHaveCount(0);
  });

  test('a rule is deleted, and Undo brings it back', async ({ page }) => {
    await addRule(page, { role: 'user', resource: 'acme.*', attributes: '*, private' });
    await page.getByRole('button', { name: /^Delete the rule user · acme\.\*/ }).click();
    await expect(rule(page, 'user', 'acme.*')).toHaveCount(0);
    await toast(page, 'The rule is deleted.').getByRole('button', { name: 'Undo' }).click();
    await expect(rule(page, 'user', 'acme.*').getByRole('cell')).toHaveText(['user', 'acme.*', '*', '*, private', /./]);
    await page.reload();
    await expect(rule(page, 'user', 'acme.*')).toBeVisible();
  });

  test('without rules the page says what that means', async ({ page }) => {
    await page.getByRole('button', { name: /^Delete the rule admin/ }).click();
    await expect(table(page)).toContainText('nobody may use anything');
  });

  test('a preset asks, then replaces the table', async ({ page }) => {
    await wantPreset(page, 'Everyone may use every module');
    await expect(page.getByText('This deletes the 1 rule above')).toBeVisible();
    await expect(rules(table(page))).toHaveCount(1);
    await page.getByRole('link', { name: 'Cancel' }).click();
    await expect(page.getByRole('button', { name: 'Replace all rules' })).toHaveCount(0);
    await wantPreset(page, 'Everyone may use every module');
    await page.getByRole('button', { name: 'Replace all rules' }).click();
    await expect(rules(table(page))).toHaveCount(3);
    for (const role of ['admin', 'user', 'tester']) await expect(rule(page, role, '*')).toBeVisible();
  });

  test('a preset is refused when the table has changed since it was looked at', async ({ context, page }) => {
    const other = await context.newPage();
    await gotoHydrated(other, '/backoffice/acl');
    await wantPreset(other, 'Testers try every module first');
    await addRule(page, { role: 'user', resource: 'acme.*' });
    await expect(rule(page, 'user', 'acme.*')).toBeVisible();
    await other.getByRole('button', { name: 'Replace all rules' }).click();
    await expect(other.getByRole('alert')).toContainText('The table has changed in the meantime.');
    await expect(rule(other, 'user', 'acme.*')).toBeVisible();
    await expect(rule(other, 'tester')).toHaveCount(0);
  });

  test('routes have rules of their own', async ({ page }) => {
    await page.getByRole('navigation', { name: 'Type of rules' }).getByRole('link', { name: 'Routes' }).click();
    await expect(rules(table(page))).toHaveCount(3);
    await addRule(page, { role: 'guest', resource: 'flows', action: 'read', attributes: 'name, !thumbnail' });
    await expect(rule(page, 'guest', 'flows', 'read', 'name, !thumbnail')).toBeVisible();
    await page.getByRole('navigation', { name: 'Type of rules' }).getByRole('link', { name: 'Components' }).click();
    await expect(rule(page, 'guest')).toHaveCount(0);
  });
});

test.describe('two windows edit the same rule', () => {
  test('the second is told, and the first one’s edit stays', async ({ context, page }) => {
    const other = await context.newPage();
    for (const window of [page, other]) {
      await gotoHydrated(window, '/backoffice/acl');
      await window.getByRole('link', { name: /^Edit the rule admin/ }).click();
      await expect(table(window).getByRole('button', { name: 'Save' })).toBeVisible();
    }
    await table(page).getByLabel('Resource').fill('acme.*');
    await table(page).getByRole('button', { name: 'Save' }).click();
    await expect(rule(page, 'admin', 'acme.*')).toBeVisible();
    await table(other).getByLabel('Resource').fill('other.*');
    await table(other).getByRole('button', { name: 'Save' }).click();
    await expect(other.getByRole('alert')).toContainText('Somebody else has changed this rule in the meantime.');
    await page.reload();
    await expect(rule(page, 'admin', 'acme.*')).toBeVisible();
    await expect(rule(page, 'other.*')).toHaveCount(0);
    // What the second one has typed is not lost either.
    await expect(table(other).getByLabel('Resource')).toHaveValue('other.*');
  });

  test('what was deleted under an edit is not brought back by it', async ({ context, page }) => {
    const other = await context.newPage();
    await gotoHydrated(other, '/backoffice/acl');
    await other.getByRole('link', { name: /^Edit the rule admin/ }).click();
    await gotoHydrated(page, '/backoffice/acl');
    await page.getByRole('button', { name: /^Delete the rule admin/ }).click();
    await expect(rule(page, 'admin')).toHaveCount(0);
    await table(other).getByRole('button', { name: 'Save' }).click();
    await expect(other.getByRole('alert')).toContainText('Somebody else has deleted this rule in the meantime.');
    await expect(rule(other, 'admin')).toHaveCount(0);
  });

  test('a rule changed elsewhere is not deleted by a window that has not seen it', async ({ context, page }) => {
    const other = await context.newPage();
    await gotoHydrated(other, '/backoffice/acl');
    await gotoHydrated(page, '/backoffice/acl');
    await page.getByRole('link', { name: /^Edit the rule admin/ }).click();
    await table(page).getByLabel('Resource').fill('acme.*');
    await table(page).getByRole('button', { name: 'Save' }).click();
    await expect(rule(page, 'admin', 'acme.*')).toBeVisible();
    await other.getByRole('button', { name: /^Delete the rule admin/ }).click();
    await expect(toast(other, 'Somebody else has changed this rule in the meantime.')).toBeVisible();
    await expect(rule(other, 'admin', 'acme.*')).toBeVisible();
  });
});

test.describe('the tester', () => {
  test('says who may use what, and which rule says so', async ({ page, server }) => {
    await install(server, 'stockroom.timers');
    await gotoHydrated(page, '/backoffice/acl');
    await ask(page, 'admin', 'stockroom.timers.core.Every');
    await expect(answer(page)).toContainText('Allowed by the rule “admin · * · * · non-private”.');
    await ask(page, 'user', 'stockroom.timers.core.Every');
    await expect(answer(page)).toContainText('Denied: no rule lets users use this component.');
    await ask(page, 'user', 'acme.gone.core.Thing');
    await expect(answer(page)).toContainText('No installed module has this component');
  });

  test('private components stay hidden until a rule grants private', async ({ page, server }) => {
    await install(server, 'stockroom.gitlab');
    await gotoHydrated(page, '/backoffice/acl');
    await ask(page, 'admin', 'stockroom.gitlab.core.ListProjects');
    await expect(answer(page)).toContainText('private component');
    await addRule(page, { role: 'admin', resource: 'stockroom.gitlab.*', attributes: 'private' });
    await expect(rule(page, 'admin', 'stockroom.gitlab.*')).toBeVisible();
    await ask(page, 'admin', 'stockroom.gitlab.core.ListProjects');
    await expect(answer(page)).toContainText('Allowed');
  });
});

offeringTest.describe('resources with traps', () => {
  offeringTest.use({ offered: { modules: [{ name: 'acme.google' }, { name: 'acme.googleContacts' }] } });
  offeringTest.beforeEach(async ({ page }) => {
    await gotoHydrated(page, '/backoffice/acl');
  });

  offeringTest('a star without a dot reaches the neighbour', async ({ page }) => {
    await addRule(page, { role: 'user', resource: 'acme.google*' });
    await expect(rule(page, 'user', 'acme.google*')).toBeVisible();
    await page.goto('/backoffice/modules/acme.googleContacts');
    await expect(access(page)).toContainText('Administrators and users can use');
    await expect(rules(access(page)).filter({ hasText: 'acme.google*' })).toHaveCount(1);
  });

  offeringTest('the button opens this module and not the neighbour', async ({ page }) => {
    await gotoHydrated(page, '/backoffice/modules/acme.google');
    await access(page).getByRole('button', { name: 'Add ACL rule for users' }).click();
    await expect(access(page)).toContainText('Administrators and users can use');
    await page.goto('/backoffice/modules/acme.googleContacts');
    await expect(access(page)).toContainText('Only administrators can use this module.');
    await expect(rules(access(page))).toHaveCount(1);
  });

  offeringTest('the bare name shows the module, opens nothing in it, and the tester says why', async ({ page }) => {
    await addRule(page, { role: 'user', resource: 'acme.google' });
    await expect(rule(page, 'user', 'acme.google')).toBeVisible();
    await ask(page, 'user', 'acme.google.core.Hello');
    await expect(answer(page)).toContainText('Denied');
    await expect(answer(page)).toContainText('“acme.google” names the module and not what is in it: write “acme.google.*”.');
    await page.goto('/backoffice/modules/acme.google');
    await expect(rules(access(page))).toHaveCount(2);
    await expect(access(page).getByRole('button', { name: 'Add ACL rule for users' })).toBeEnabled();
  });

  offeringTest('a negation is for everything else', async ({ page }) => {
    await addRule(page, { role: 'user', resource: '!acme.google.*' });
    await expect(rule(page, 'user', '!acme.google.*')).toBeVisible();
    await page.goto('/backoffice/modules/acme.googleContacts');
    await expect(access(page)).toContainText('Administrators and users can use');
    await page.goto('/backoffice/modules/acme.google');
    await expect(access(page)).toContainText('Only administrators can use this module.');
  });
});
