import { closeSync } from 'node:fs';
import { libc, SyscallError } from '../libc.ts';
import { nativeNumber } from '../machine.ts';

const MFD_CLOEXEC = 1;
/** Since Linux 6.3, whose vm.memfd_noexec may insist on it. */
const MFD_NOEXEC_SEAL = 8;
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
  const create = (flags: number) => c.syscall(nativeNumber('memfd_create'), name, flags);
  const sealed = create(MFD_CLOEXEC | MFD_NOEXEC_SEAL);
  const fd = sealed >= 0 ? sealed : checked('memfd_create', create(MFD_CLOEXEC));
  try {
    checked('ftruncate', c.syscall(nativeNumber('ftruncate'), fd, bytes));
    const at = checked('mmap', c.syscall(nativeNumber('mmap'), 0, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0));
    return { fd, memory: Buffer.from(c.memory(at, bytes)) };
  } catch (fault) {
    closeSync(fd);
    throw fault;
  }
}
