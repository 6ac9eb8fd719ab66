import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { printable } from '@callgate/engine/internal/report/words';
import { ClusterFault } from './cluster-fault.ts';

/**
 * The bytes of a regular file; undefined when there is none of that name. Nothing waits for pipes, devices are not read.
 * @param what what it is for, in the message of the ClusterFault that is thrown when it cannot be read.
 */
export async function readSmallFile(path: string, most: number, what: string): Promise<Buffer | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      const found = await file.stat();
      if (!found.isFile()) throw new ClusterFault('it is no regular file');
      if (found.size > most) throw new ClusterFault(`it is longer than ${most} bytes`);
      const bytes = Buffer.alloc(found.size + 1);
      let length = 0;
      for (let got = -1; got !== 0 && length < bytes.length; length += got)
        got = (await file.read(bytes, length, bytes.length - length)).bytesRead;
      if (length > found.size) throw new ClusterFault('somebody is writing to it');
      return bytes.subarray(0, length);
    } finally {
      await file.close();
    }
  } catch (fault) {
    const { code, message } = fault as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const why = code === 'EACCES' ? 'permission denied' : (code ?? message);
    throw new ClusterFault(`cannot read ${printable(path)}, ${what}: ${why}`);
  }
}

/** The bytes of a file that must be there. Throws ClusterFault. */
export async function readNamedFile(path: string, most: number, what: string): Promise<Buffer> {
  const bytes = await readSmallFile(path, most, what);
  if (!bytes) throw new ClusterFault(`cannot read ${printable(path)}, ${what}: there is no such file`);
  return bytes;
}
