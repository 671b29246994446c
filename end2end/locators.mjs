// Where things are on the pages, by role and label.

/** The cards of the list. */
export const cards = (page) => page.getByRole('list', { name: 'Modules' }).getByRole('link');

/** The card of one module, by its name. */
export const card = (page, name) => cards(page).filter({ has: page.getByText(name, { exact: true }) });

/** What the page calls itself. */
export const heading = (page, name) => page.getByRole('heading', { level: 1, name, exact: true });

/** The badge "Installed" on the page or in a part of it. */
export const installedBadge = (part) => part.getByText('Installed', { exact: true });

export const searchBox = (page) => page.getByRole('searchbox', { name: 'Search modules and components' });

/** A link of the status filter, such as "Installed 2". */
export const status = (page, label, number = '\\d+') =>
  page.getByRole('navigation', { name: 'Status' }).getByRole('link', { name: new RegExp(`^${label} ${number}$`) });

/** The short message that holds this text. */
export const toast = (page, text) =>
  page.getByRole('listitem').filter({ has: page.getByRole('button', { name: 'Close' }), hasText: text });

/** The rows of a table with rules, without its head. */
export const rules = (part) => part.getByRole('row').filter({ has: part.page().getByRole('cell') });
