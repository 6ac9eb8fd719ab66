import { closeSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ownName } from '../leavings/own-name.ts';
import { temporaryFolder, temporaryPlaces } from '../leavings/temporary-folder.ts';
import { libc } from '../libc.ts';
import { nativeNumber } from '../machine.ts';

/** MFD_* of linux/memfd.h; MFD_EXEC is known since Linux 6.3, and needed where vm.memfd_noexec is set. */
const MFD_CLOEXEC = 1;
const MFD_EXEC = 0x10;
const EINVAL = 22;

/** Lends an executable to `start` as a path that this process and its children can execute, and takes it away afterwards. */
export type Lending = <T>(bytes: Uint8Array, start: (path: string) => T) => T;

/**
 * Where an executable can be put, the best first: a file in memory, which nobody else can see or change, then folders.
 * A kernel may refuse to make or to execute the one, /proc may be missing, and a folder may forbid execution.
 */
export function lendings(): Lending[] {
  return [inMemory, ...temporaryPlaces().map(inFolder)];
}

const inMemory: Lending = (bytes, start) => {
  const fd = memoryFile();
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    return start(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
};

/** The name, which /proc/PID/exe shows, is how doctor --clean knows what runs from it. */
function memoryFile(): number {
  const c = libc();
  const name = Buffer.from(`${ownName('launcher')}\0`);
  const create = (flags: number) => c.syscall(nativeNumber('memfd_create'), name, flags);
  const fd = create(MFD_CLOEXEC | MFD_EXEC);
  if (fd >= 0) return fd;
  // Without MFD_EXEC a kernel that knows it may give a file that cannot be executed.
  const older = c.errno() === EINVAL ? create(MFD_CLOEXEC) : -1;
  if (older >= 0) return older;
  throw new Error('the kernel gives no file in memory');
}

function inFolder(place: string): Lending {
  return (bytes, start) => {
    const folder = temporaryFolder('launcher', place);
    try {
      const path = join(folder, 'launcher');
      writeFileSync(path, bytes, { mode: 0o700 });
      return start(path);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}
