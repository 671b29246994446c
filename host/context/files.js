/** Files, in pieces: however large one is, only a piece of it is in memory. */

'use strict';

const { PassThrough, Readable } = require('node:stream');

/** Bytes in one call. */
const PIECE = 256 * 1024;

/** Buffers of at most a piece, whatever the content comes as. */
async function* pieces(data) {

    const isWhole = typeof data === 'string' || data instanceof Uint8Array || data instanceof ArrayBuffer;
    const source = isWhole ? [data] : data;
    if (!source?.[Symbol.asyncIterator] && !source?.[Symbol.iterator]) {
        throw new TypeError('The content of a file must be text, a buffer or a readable stream.');
    }
    for await (const chunk of source) {
        const bytes = Buffer.from(chunk);
        for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
    }
}

/** Streams as they were before Node 0.10, which some packages still make, do not wait to be read. */
function waiting(data) {

    if (typeof data?.pipe !== 'function' || data[Symbol.asyncIterator]) return data;
    const through = new PassThrough();
    data.on('error', err => through.destroy(err));
    data.pipe(through);
    return through;
}

async function upload(run, target, given) {

    const data = waiting(given);
    const id = await run.call('file.open', target);
    try {
        for await (const piece of pieces(data)) {
            await run.call('file.write', { upload: id, bytes: piece.toString('base64') });
        }
    } catch (err) {
        await run.call('file.abort', { upload: id }).catch(() => null);
        throw err;
    }
    return run.call('file.close', { upload: id });
}

/** The bytes from `start` to `end`, both included, as streams of Node count them. */
async function* bytesOf(run, id, length, { start = 0, end = length - 1 } = {}) {

    const stop = Math.min(end + 1, length);
    for (let from = start; from < stop;) {
        const to = Math.min(from + PIECE, stop);
        const bytes = Buffer.from(await run.call('file.read', { id, from, to }), 'base64');
        if (!bytes.length) return;
        yield bytes;
        from += bytes.length;
    }
}

module.exports = run => {

    const getFileInfo = async id => run.ask('file.info', { id });

    const getFileReadStream = async (id, range) => {
        const { length } = await getFileInfo(id);
        return Readable.from(bytesOf(run, id, length, range), { objectMode: false });
    };

    return {
        getFileInfo,
        getFileReadStream,
        readFileStream: getFileReadStream,
        loadFile: async id => {
            const chunks = [];
            for await (const chunk of await getFileReadStream(id)) chunks.push(chunk);
            return Buffer.concat(chunks);
        },
        saveFileStream: (name, data, id) =>
            run.begin(() => upload(run, id ? { name: String(name), id } : { name: String(name) }, data)),
        saveFile: (name, contentType, data) => run.begin(() => upload(run, { name: String(name), contentType }, data)),
        /** The old content stays readable until the new one is complete. */
        replaceFileStream: (id, data) => run.begin(() => upload(run, { id, replace: true }, data)),
        removeFile: async id => run.ask('file.remove', { id })
    };
};
