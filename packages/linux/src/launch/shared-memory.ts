import { closeSync } from 'node:fs';
import { libc, SyscallError } from '../libc.ts';
import { nativeNumber } from '../machine.ts';

const MFD_CLOEXEC = 1;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;

/** Zeros that another process sees, too, which is given the descriptor. They stay mapped here until this process ends. */
export function sharedMemory(bytes: number): { readonly fd: number; readonly memory: Buffer } {
  const c = libc();
  const checked = (what: string, result: number) => {
    if (result === -1) throw new SyscallError(what, c.errno());
    return result;
  };
  const name = Buffer.from('callgate\0');
  const fd = checked('memfd_create', c.syscall(nativeNumber('memfd_create'), name, MFD_CLOEXEC));
  try {
    checked('ftruncate', c.syscall(nativeNumber('ftruncate'), fd, bytes));
    const at = checked('mmap', c.syscall(nativeNumber('mmap'), 0, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0));
    return { fd, memory: Buffer.from(c.memory(at, bytes)) };
  } catch (fault) {
    closeSync(fd);
    throw fault;
  }
}
