// A newer Node.js than this machine may have: peers want one, and whoever is beside them gets the same.
import { join } from 'node:path';
import process from 'node:process';
import { npm, versionOf } from './processes.mjs';

const PACKAGE = `node-${process.platform}-${process.arch}`;

/** Node.js 22 from npm: its program and version. */
export function node22() {
  const folder = npm('node-22', [`${PACKAGE}@22`]);
  return { program: join(folder, 'node_modules', PACKAGE, 'bin/node'), version: versionOf(folder, PACKAGE) };
}
