/** Makes one file of all of this: `node bundle.mjs <file>`. */

import { build } from 'esbuild';

await build({
    entryPoints: [new URL('worker.js', import.meta.url).pathname],
    outfile: process.argv[2],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'eof',
    logLevel: 'warning'
});
