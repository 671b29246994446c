// A package as npm packs it: a gzipped tar with everything below `package/`.
import { gzipSync } from 'node:zlib';

const BLOCK = 512;

/** `files` are texts by path. */
export function tgz(files) {
  const parts = Object.entries(files).flatMap(([path, text]) => {
    const body = Buffer.from(text);
    return [header(`package/${path}`, body.length), body, Buffer.alloc(-body.length & (BLOCK - 1))];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]));
}

function header(path, size) {
  const block = Buffer.alloc(BLOCK);
  const octal = (value, length) => value.toString(8).padStart(length - 1, '0') + '\0';
  block.write(path, 0);
  block.write(octal(0o644, 8) + octal(0, 8) + octal(0, 8) + octal(size, 12) + octal(0, 12) + ' '.repeat(8) + '0', 100);
  block.write('ustar\x0000', 257);
  block.write(`${octal(block.reduce((sum, byte) => sum + byte, 0), 7)} `, 148);
  return block;
}
