import type { CarrierFile } from './carrier.ts';
import { contentBytes, utf8Bytes, utf8Text } from './utf8.ts';

const BLOCK = 512;
const MAGIC = 'ustar';
const MAGIC_AT = 257;
/** More entries are not looked at. */
const MOST_ENTRIES = 10_000;

/** Files as a tar archive (POSIX ustar), the same for the same files: no owners, no times. */
export function writeTar(files: readonly CarrierFile[]): Uint8Array {
  const blocks = files.flatMap(({ path, content }) => {
    const bytes = contentBytes(content);
    const body = new Uint8Array(Math.ceil(bytes.length / BLOCK) * BLOCK);
    body.set(bytes);
    return [header(path, bytes.length), body];
  });
  return joined([...blocks, new Uint8Array(2 * BLOCK)]);
}

/** Whether bytes begin as a tar archive. */
export function isTar(bytes: Uint8Array): boolean {
  return bytes.length >= BLOCK && text(bytes, MAGIC_AT, MAGIC.length) === MAGIC;
}

/** The regular files of a tar archive, in order, without a leading "./"; what is cut off or no archive is left out. */
export function readTar(bytes: Uint8Array): CarrierFile[] {
  const files: CarrierFile[] = [];
  let at = 0;
  for (let entries = 0; entries < MOST_ENTRIES && at + BLOCK <= bytes.length; entries++) {
    const size = Number.parseInt(text(bytes, at + 124, 12).trim(), 8);
    const end = at + BLOCK + size;
    if (!isTar(bytes.subarray(at)) || !(end <= bytes.length)) break;
    const prefix = text(bytes, at + 345, 155);
    const name = text(bytes, at, 100);
    const isFile = ['', '0'].includes(text(bytes, at + 156, 1));
    const path = (prefix ? `${prefix}/${name}` : name).replace(/^\.\//, '');
    if (isFile) files.push({ path, content: bytes.subarray(at + BLOCK, end) });
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

function header(path: string, size: number): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, word: string) => block.set(utf8Bytes(word), at);
  const [prefix, name] = split(path);
  put(0, name);
  put(345, prefix);
  put(100, '0000644\0');
  put(108, '0000000\0');
  put(116, '0000000\0');
  put(124, `${size.toString(8).padStart(11, '0')}\0`);
  put(136, `${'0'.repeat(11)}\0`);
  // The sum is counted with spaces in its own place.
  put(148, ' '.repeat(8));
  put(156, '0');
  put(MAGIC_AT, `${MAGIC}\u000000`);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** A path longer than the field of a name has its beginning in another one. */
function split(path: string): [prefix: string, name: string] {
  if (path.length <= 100) return ['', path];
  const at = path.lastIndexOf('/', 155);
  return [path.slice(0, at), path.slice(at + 1)];
}

/** A field that ends at its first zero byte. */
function text(bytes: Uint8Array, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return utf8Text(end < 0 ? field : field.subarray(0, end)) ?? '';
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
