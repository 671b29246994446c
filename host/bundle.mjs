/** Makes one file of all of this: `node bundle.mjs <file>`. */

import { build } from 'esbuild';

const [outfile] = process.argv.slice(2);
if (!outfile) throw new Error('Name the file to write: node bundle.mjs <file>');

await build({
    entryPoints: [new URL('worker.js', import.meta.url).pathname],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'eof',
    logLevel: 'warning'
});
