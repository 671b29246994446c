/** Frames: four bytes of length (big endian) and that much UTF-8 JSON, over one stream. */

'use strict';

const HEADER = 4;

/** Calls `onFrame` for every frame that comes in whole, however it is cut. */
function read(stream, onFrame) {

    let chunks = [];
    let size = 0;
    let wanted = null;
    stream.on('data', chunk => {
        chunks.push(chunk);
        size += chunk.length;
        for (;;) {
            if (size < (wanted === null ? HEADER : HEADER + wanted)) return;
            // Joined only when there is enough: a large frame comes in many pieces.
            const all = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
            chunks = [all];
            if (wanted === null) {
                wanted = all.readUInt32BE(0);
                continue;
            }
            const frame = all.subarray(HEADER, HEADER + wanted);
            const rest = all.subarray(HEADER + wanted);
            chunks = rest.length ? [rest] : [];
            size = rest.length;
            wanted = null;
            onFrame(JSON.parse(frame.toString('utf8')));
        }
    });
}

/** The bytes of a frame. */
function encode(value) {

    const body = Buffer.from(JSON.stringify(value), 'utf8');
    const frame = Buffer.allocUnsafe(HEADER + body.length);
    frame.writeUInt32BE(body.length, 0);
    body.copy(frame, HEADER);
    return frame;
}

module.exports = { encode, read };
