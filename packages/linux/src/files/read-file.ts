import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const { O_NOCTTY, O_NONBLOCK, O_RDONLY } = constants;

/** So long a pipe may stay without anybody who writes to it. */
const PATIENCE_MS = 1000;
const POLL_MS = 5;

/** Why something that has a name cannot be read as a file. */
export class NoFile extends Error {}

/**
 * The bytes of a regular file, or of a pipe as they come, in pieces of at most `size` that hold until the next is asked for.
 * Throws NoFile for devices, folders and pipes to which nobody writes, else what the operating system says.
 */
export async function* fileChunks(path: string, size: number): AsyncGenerator<Uint8Array> {
  const fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  try {
    const isPipe = kindOf(fstatSync(fd)) === 'pipe';
    const buffer = Buffer.allocUnsafe(size);
    let waited = 0;
    let seen = false;
    for (;;) {
      const got = isPipe ? readPipe(fd, buffer) : readSync(fd, buffer);
      if (got !== undefined && got > 0) {
        yield buffer.subarray(0, got);
        seen = true;
        continue;
      }
      if (got === 0 && (seen || !isPipe)) return;
      if (got === 0) waited += POLL_MS;
      if (waited > PATIENCE_MS) throw new NoFile('it is a pipe to which nobody writes');
      await sleep(POLL_MS);
    }
  } finally {
    closeSync(fd);
  }
}

/** The bytes of a regular file of at most `most`; undefined for everything else that can stand there. */
export function readSmallFile(path: string, most: number, flags = 0): Buffer | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | flags);
    if (!fstatSync(fd).isFile()) return undefined;
    const bytes = Buffer.alloc(most + 1);
    let length = 0;
    for (let got = -1; got !== 0 && length < bytes.length; length += got)
      got = readSync(fd, bytes, length, bytes.length - length, null);
    return length > most ? undefined : bytes.subarray(0, length);
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function kindOf(found: Stats): 'file' | 'pipe' {
  if (found.isFile()) return 'file';
  if (found.isFIFO()) return 'pipe';
  throw new NoFile(found.isDirectory() ? 'it is a folder' : 'it is a device, not a file');
}

/** How much came; undefined: nothing yet; 0: nobody writes to it. */
function readPipe(fd: number, buffer: Buffer): number | undefined {
  try {
    return readSync(fd, buffer);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw fault;
  }
}
