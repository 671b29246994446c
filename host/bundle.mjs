/** Makes one file of all of this: `node bundle.mjs <file>`. */

import { readFile } from 'node:fs/promises';
import { build } from 'esbuild';

const [outfile] = process.argv.slice(2);
if (!outfile) throw new Error('Name the file to write: node bundle.mjs <file>');

/** Data as a text that is parsed when it is asked for: Node reads the whole file at each start, and texts are skipped. */
const dataAsText = {
    name: 'data-as-text',
    setup: ({ onLoad }) => onLoad({ filter: /\.json$/ }, async ({ path }) => {
        const text = JSON.stringify(JSON.parse(await readFile(path, 'utf8')));
        return { contents: `module.exports = JSON.parse(${JSON.stringify(text)});`, loader: 'js' };
    })
};

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
    plugins: [dataAsText],
    logLevel: 'warning'
});
