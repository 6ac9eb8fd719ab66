import { closeSync, mkdtempSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { libc } from '../libc.ts';
import { nativeNumber } from '../machine.ts';

/** MFD_* of linux/memfd.h; MFD_EXEC is known since Linux 6.3, and needed where vm.memfd_noexec is set. */
const MFD_CLOEXEC = 1;
const MFD_EXEC = 0x10;

/**
 * Lends an executable to `start` as a path that this process and its children can execute: a file in memory, which
 * nobody else can see or change, or, where the kernel gives none, one in a folder of its own. It is gone afterwards.
 */
export function withExecutable<T>(bytes: Uint8Array, start: (path: string) => T): T {
  const fd = memoryFile();
  if (fd === undefined) return withTemporaryFile(bytes, start);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    return start(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

function memoryFile(): number | undefined {
  const c = libc();
  const name = Buffer.from('callgate\0');
  for (const flags of [MFD_CLOEXEC | MFD_EXEC, MFD_CLOEXEC]) {
    const fd = c.syscall(nativeNumber('memfd_create'), name, flags);
    if (fd >= 0) return fd;
  }
  return undefined;
}

function withTemporaryFile<T>(bytes: Uint8Array, start: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-'));
  try {
    const path = join(folder, 'launcher');
    writeFileSync(path, bytes, { mode: 0o700 });
    return start(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
