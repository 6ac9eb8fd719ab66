import { constants } from 'node:os';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { errnoName, parseArgument } from '@callgate/engine/internal/syscalls/arguments';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import type { CallEnd } from './launch/trial-program.ts';
import { tryCalls } from './launch/try-calls.ts';
import { thisMachine } from './machine.ts';

/** A step that attacks on containers use, with arguments that do no harm even where the kernel would let it. */
export interface Attack {
  readonly syscall: string;
  /** What an attacker gets from it. */
  readonly gain: string;
  readonly args: readonly string[];
}

/** An address that no process has mapped, so the kernel answers EFAULT before it does anything. */
const BAD = '1';

/** The usual ones: escapes, kernel code, other processes, and plain damage. */
export const ATTACKS: readonly Attack[] = [
  { syscall: 'unshare', gain: 'a user namespace, and capabilities in it', args: ['CLONE_NEWUSER'] },
  { syscall: 'mount', gain: 'the host file system', args: [BAD, BAD, BAD] },
  { syscall: 'ptrace', gain: 'control of another process', args: ['PTRACE_PEEKDATA', '0'] },
  {
    syscall: 'process_vm_writev',
    gain: 'the memory of another process',
    args: ['0', '0', '0', '0', '0', '1'],
  },
  { syscall: 'bpf', gain: 'a program in the kernel', args: ['0', BAD, '16'] },
  { syscall: 'init_module', gain: 'a kernel module', args: [BAD, '1', BAD] },
  { syscall: 'kexec_load', gain: 'another kernel', args: ['0', '0', '0', '0xffff'] },
  { syscall: 'open_by_handle_at', gain: 'host files by number', args: ['-1', BAD] },
  { syscall: 'setns', gain: "another container's namespaces", args: ['-1'] },
  { syscall: 'keyctl', gain: "the host's keyring", args: ['0xffff'] },
  { syscall: 'userfaultfd', gain: 'a pause inside the kernel', args: ['0xffff'] },
  { syscall: 'io_uring_setup', gain: 'file and network calls past the filter', args: ['0', BAD] },
  { syscall: 'fchmodat', gain: 'a program with the setuid bit', args: ['-1', BAD] },
  { syscall: 'mkdirat', gain: 'a foothold on the disk', args: ['-1', BAD] },
];

/** What the kernel did: "ok", an errno's name, or the signal that ended the process. */
export type AttackResult = string;

/** Makes each attack under a filter, or without any, in a process of its own; undefined where this ABI lacks the call. */
export async function attempt(
  attacks: readonly Attack[],
  filter: Program | undefined,
): Promise<(AttackResult | undefined)[]> {
  const possible = attacks.flatMap((attack) => {
    const nr = numberOf(thisMachine().abi.name, attack.syscall);
    return nr === undefined ? [] : [{ attack, nr }];
  });
  const ends = await tryCalls(
    possible.map(({ attack, nr }) => {
      return { filter, nr, args: attack.args.map((text) => parseArgument(text)!) };
    }),
  );
  return attacks.map((attack) => {
    const i = possible.findIndex((p) => p.attack === attack);
    return i < 0 ? undefined : resultOf(ends[i]);
  });
}

function resultOf(end: CallEnd): AttackResult {
  switch (end.kind) {
    case 'returned': {
      const errno = Number(-end.result);
      return errno <= 0 ? 'ok' : (errnoName(errno) ?? `errno ${errno}`);
    }
    case 'signal':
      return signalName(end.signal);
    case 'ended':
      return `status ${end.status}`;
    case 'refused':
      throw new Error(`the kernel does not take the filter (${errnoName(end.errno) ?? end.errno})`);
  }
}

function signalName(signal: number): string {
  const found = Object.entries(constants.signals).find(([, number]) => number === signal);
  return found ? found[0] : `signal ${signal}`;
}
