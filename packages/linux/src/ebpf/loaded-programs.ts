import { closeSync } from 'node:fs';
import { libc, SyscallError } from '../libc.ts';
import { bpf } from './bpf-syscall.ts';

/** bpf(2)'s commands (linux/bpf.h). */
const PROG_GET_NEXT_ID = 11;
const PROG_GET_FD_BY_ID = 13;
const OBJ_GET_INFO_BY_FD = 15;
const ENOENT = 2;
/** struct bpf_prog_info up to the name. */
const INFO = { size: 80, name: 64, nameSize: 16 };
/** No machine has more. */
const MOST_PROGRAMS = 1_000_000;

/** A BPF program that the kernel holds. */
export interface LoadedProgram {
  readonly id: number;
  /** As it was loaded, of at most fifteen characters. */
  readonly name: string;
}

/** All BPF programs that the kernel holds. Throws SyscallError without CAP_SYS_ADMIN. */
export function loadedPrograms(): LoadedProgram[] {
  const found: LoadedProgram[] = [];
  let id = 0;
  while (found.length < MOST_PROGRAMS) {
    const next = unlessGone(() => idAfter(id));
    if (next === undefined) break;
    id = next;
    const name = unlessGone(() => nameOf(id));
    if (name !== undefined) found.push({ id, name });
  }
  return found;
}

function idAfter(id: number): number {
  const attr = Buffer.alloc(12);
  attr.writeUInt32LE(id, 0);
  bpf(PROG_GET_NEXT_ID, attr, 'listing BPF programs');
  return attr.readUInt32LE(4);
}

function nameOf(id: number): string {
  const attr = Buffer.alloc(12);
  attr.writeUInt32LE(id, 0);
  const fd = bpf(PROG_GET_FD_BY_ID, attr, 'opening a BPF program');
  try {
    const info = Buffer.alloc(INFO.size);
    const ask = Buffer.alloc(16);
    ask.writeUInt32LE(fd, 0);
    ask.writeUInt32LE(info.length, 4);
    ask.writeBigUInt64LE(libc().address(info), 8);
    bpf(OBJ_GET_INFO_BY_FD, ask, 'asking about a BPF program');
    return info.toString('latin1', INFO.name, INFO.name + INFO.nameSize).split('\0')[0];
  } finally {
    closeSync(fd);
  }
}

function unlessGone<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (fault) {
    if (fault instanceof SyscallError && fault.errno === ENOENT) return undefined;
    throw fault;
  }
}
