import type { Capability } from '@callgate/engine/internal/profile/capabilities';
import type { AttackMemory } from './attack-memory.ts';

/** What a group of attacks reaches for; a spec may ask for "everything in category X". */
export const ATTACK_CATEGORIES = [
  { id: 'escape', about: 'namespaces, mounts and files of the host' },
  { id: 'kernel', about: 'code in the kernel, or parts of it that attackers like' },
  { id: 'processes', about: 'other processes, their memory and their terminals' },
  { id: 'machine', about: 'the clock, the name, the power and the storage of the machine' },
  { id: 'files', about: 'files that stay, and programs that were not there before' },
  { id: 'network', about: 'sockets beyond ordinary ones' },
  { id: 'obsolete', about: 'calls that no program of today needs' },
] as const;
export type AttackCategory = (typeof ATTACK_CATEGORIES)[number]['id'];

/** What a call answers that nothing stopped; "ok": it succeeds, with no effect that outlives its process. */
export type Answer =
  | 'ok'
  | 'E2BIG'
  | 'EBADF'
  | 'EFAULT'
  | 'EINVAL'
  | 'ENOEXEC'
  | 'ENOSYS'
  | 'EOPNOTSUPP'
  | 'ESRCH'
  | 'ESTALE';

/** A number, or the address of something that the call points at. */
export type RowArgument = number | bigint | AttackMemory;

/** One call of an attack, for every ABI that has it. */
export type CallRow = readonly [
  syscall: string,
  args: readonly RowArgument[],
  reached: Answer | readonly Answer[],
  /** A harmless call that needs the same right, where the kernel looks at this one's arguments before it asks for rights. */
  asks?: CallRow,
];

/** An attack as it is written down here. */
export interface AttackRow {
  readonly id: string;
  readonly category: AttackCategory;
  readonly gain: string;
  /** The capability that the kernel demands for all of it, where it demands one. */
  readonly right?: Capability;
  readonly calls: readonly CallRow[];
}

/** An address that no process has mapped: the kernel answers EFAULT before it does anything. */
export const BAD = 1;
/** No open file. */
export const NO_FD = -1;
/** AT_FDCWD: paths begin in the current folder. */
export const HERE = -100;
