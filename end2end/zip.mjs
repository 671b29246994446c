// Module archives made for tests, in the public module format: the vendor's folder is the root of the zip.
import { Buffer } from 'node:buffer';
import { strToU8, zipSync } from 'fflate';

const ICON = `data:image/svg+xml;base64,${Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="#456"/></svg>',
).toString('base64')}`;

/**
 * The files of a module: its manifest, its bundle and its components, by path.
 *
 * `name` has two parts (`acme.mail`: a service.json is made, components lie in `core/`) or three
 * (`acme.mail.inbox`: a module.json below a service.json). A component is its last name, or an object
 * `{ name, manifest, code, files }`, where `manifest` is laid over the made one; one without `inPorts` is a trigger.
 */
export function moduleFiles({
  name,
  version = '1.0.0',
  label,
  description = `Made for tests: ${name}.`,
  changelog = { [version]: ['First version.'] },
  manifest = {},
  bundle = {},
  components = ['Hello'],
  extraFiles = {},
}) {
  const parts = name.split('.');
  if (parts.length !== 2 && parts.length !== 3) throw new Error(`A module's name has two or three parts: ${name}`);
  const folder = parts.join('/');
  const about = (of) => ({
    name: of,
    label: label ?? titled(of),
    category: 'utilities',
    description,
    icon: ICON,
  });
  const files = {};
  if (parts.length === 3) {
    const service = parts.slice(0, 2);
    files[`${service.join('/')}/service.json`] = json({ ...about(service.join('.')), label: titled(service[1]) });
    files[`${folder}/module.json`] = json({ ...about(name), ...manifest });
  } else {
    files[`${folder}/service.json`] = json({ ...about(name), ...manifest });
  }
  files[`${folder}/bundle.json`] = json({ name, version, changelog, ...bundle });
  for (const entry of components) {
    const component = typeof entry === 'string' ? { name: entry } : entry;
    const home = parts.length === 3 ? folder : `${folder}/core`;
    const path = `${home}/${component.name}`;
    files[`${path}/component.json`] = json({
      name: path.replaceAll('/', '.'),
      description: `Says what ${component.name} does.`,
      icon: ICON,
      inPorts: [{ name: 'in' }],
      outPorts: [{ name: 'out' }],
      ...component.manifest,
    });
    files[`${path}/${component.name}.js`] = component.code ?? echo;
    for (const [file, content] of Object.entries(component.files ?? {})) files[`${path}/${file}`] = content;
  }
  return { ...files, ...extraFiles };
}

/** A module's zip as a Buffer; the same arguments give the same bytes. See `moduleFiles`. */
export function makeModuleZip(module) {
  return makeZip(moduleFiles(module));
}

/** Any zip: paths and what is in them (text, bytes or JSON); names are taken as they are, hostile ones too. */
export function makeZip(files, { level = 9 } = {}) {
  const entries = Object.entries(files).map(([path, content]) => [path, bytes(content)]);
  // fflate reads local time; a fixed one keeps the archive's hash the same.
  return Buffer.from(zipSync(Object.fromEntries(entries), { level, mtime: new Date(2026, 0, 1) }));
}

const echo = `'use strict';

module.exports = {
    receive(context) {
        return context.sendJson(context.messages.in.content, 'out');
    }
};
`;

function bytes(content) {
  if (content instanceof Uint8Array) return content;
  return strToU8(typeof content === 'string' ? content : json(content));
}

function json(value) {
  return `${JSON.stringify(value, null, 4)}\n`;
}

/** `acme.mail` gives `Mail`. */
function titled(name) {
  const last = name.split('.').at(-1);
  return last[0].toUpperCase() + last.slice(1);
}
