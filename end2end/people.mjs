// Users and sessions made for tests, behind the server's back where there is no other way.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import initSqlJs from 'sql.js';

/** Adds a user without the back office; the server is stopped for it. */
export async function addUser(server, { email, password, isAdmin = false }) {
  await server.stop();
  await server.command(['user', 'add', ...(isAdmin ? ['--admin'] : []), email], `${password}\n`);
  await server.restart();
}

/** Makes it an hour since the password of every session was given; the server is stopped for it. */
export async function ageProofs(server) {
  await server.stop();
  await change(server, 'UPDATE sessions SET proved_at = proved_at - 3600000');
  await server.restart();
}

async function change(server, sql) {
  const file = join(server.dataDir, 'stockroom.db');
  const bytes = await readFile(file);
  // The log is empty after an orderly end, and without shared memory there is no reading in WAL mode.
  bytes[18] = 1;
  bytes[19] = 1;
  const { Database } = await initSqlJs();
  const database = new Database(bytes);
  database.run(sql);
  await writeFile(file, database.export());
  database.close();
}

/** Fills the form of the sign-in page and sends it. */
export async function signIn(page, { email, password }) {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}
