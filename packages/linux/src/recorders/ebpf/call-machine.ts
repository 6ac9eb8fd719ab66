import type { AbiName } from '@callgate/engine/internal/syscalls/arch';

/** Where a kernel keeps what the programs want to know of a call (arch/…/include/asm: ptrace.h, thread_info.h). */
export interface CallMachine {
  /** The native ABI, that of 32 bits, and x32 where there is one. */
  readonly abis: readonly AbiName[];
  /** The member of task_struct, and the bit of it, by which a task says that its call has 32 bits. */
  readonly narrow: { readonly member: string; readonly mask: number };
  /** The member of pt_regs that keeps the call's number to its end. */
  readonly number: string;
  /** The members of pt_regs that hold the six arguments of a call of 64 bits, and of 32. */
  readonly wideArguments: readonly Register[];
  readonly narrowArguments: readonly Register[];
}

/** A member of pt_regs, and which of its elements. */
type Register = readonly [member: string, index?: number];

const register = (member: string): Register => [member];
const FIRST_SIX: readonly Register[] = [0, 1, 2, 3, 4, 5].map((i) => ['regs', i]);

/** By Node's name of it. */
const MACHINES: Readonly<Record<string, CallMachine>> = {
  x64: {
    abis: ['x86_64', 'x86', 'x32'],
    // TS_COMPAT
    narrow: { member: 'thread_info.status', mask: 2 },
    number: 'orig_ax',
    wideArguments: ['di', 'si', 'dx', 'r10', 'r8', 'r9'].map(register),
    narrowArguments: ['bx', 'cx', 'dx', 'si', 'di', 'bp'].map(register),
  },
  arm64: {
    abis: ['aarch64', 'arm'],
    // TIF_32BIT
    narrow: { member: 'thread_info.flags', mask: 1 << 22 },
    number: 'syscallno',
    wideArguments: FIRST_SIX,
    narrowArguments: FIRST_SIX,
  },
};

/** This machine; undefined where the programs cannot be written. */
export const CALL_MACHINE: CallMachine | undefined = MACHINES[process.arch];
