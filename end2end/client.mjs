// What a test does beside the browser: the same requests as any other client of the server.
import { expect } from './fixtures.mjs';

async function post(server, path, fields) {
  return server.fetch(`/backoffice/api/${path}`, {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: new URLSearchParams(fields),
  });
}

/** Installs a module of the catalogue and waits for it. */
export async function install(server, name, version = '') {
  const answer = await post(server, 'install_module', { name, version });
  expect(answer.status, `installing ${name}`).toBe(200);
  return finished(server, (await answer.json()).id);
}

/** Sends a zip, as the administrator or with this cookie, and waits until it is installed. */
export async function upload(server, bytes, cookie) {
  return finished(server, await send(server, bytes, cookie));
}

/** Sends a zip that the server does not take; gives the ticket. */
export async function uploadBroken(server, bytes, cookie) {
  const ticket = await send(server, bytes, cookie);
  await expect.poll(() => state(server, ticket)).toHaveProperty('err');
  return ticket;
}

/** Removes a module, whatever runs on it. */
export async function remove(server, name) {
  expect((await post(server, 'remove_module', { name, way: 'anyway', confirm: name })).ok, `removing ${name}`).toBe(true);
}

async function send(server, body, cookie) {
  const headers = { 'content-type': 'application/octet-stream' };
  const answer = await server.fetch('/components', { method: 'POST', headers, body, cookie });
  expect(answer.status, 'uploading').toBe(200);
  return (await answer.json()).ticket;
}

async function state(server, ticket) {
  return (await server.fetch(`/components/uploader/${ticket}`)).json();
}

async function finished(server, ticket) {
  await expect.poll(() => state(server, ticket), { intervals: [20] }).toHaveProperty('finished');
  expect(await state(server, ticket)).not.toHaveProperty('err');
  return ticket;
}
