import { type CallSet, difference, isSubset } from '../diagram/call-set.ts';
import { Diagram } from '../diagram/diagram.ts';
import { argument as argumentField } from '../diagram/fields.ts';
import type { Judged } from './judged.ts';

/** Where a call has something: in an argument, in memory where no filter looks, or it always stands for one value. */
export interface Place {
  readonly name: string;
  readonly at: number | 'memory' | bigint;
  /** What another argument must be, or must not be, for the call to do it. */
  readonly where?: { readonly argument: number; readonly is?: bigint; readonly isNot?: bigint };
  /** Its descriptor comes from one of these. */
  readonly needs?: readonly string[];
}

/** Something that several calls are told alike, each in a place of its own. */
export interface SharedArgument {
  /** What people deny, by what they call it. */
  readonly values: readonly (readonly [name: string, value: bigint])[];
  readonly places: readonly Place[];
}

const OPENS = ['open', 'openat', 'openat2', 'creat'];
const WHOLE = 0xffff_ffff_ffff_ffffn;

/** The same on every architecture. */
const SIGNALS = [
  ['SIGKILL', 9n],
  ['SIGTERM', 15n],
  ['SIGINT', 2n],
  ['SIGHUP', 1n],
] as const;

/**
 * Calls that do the same (docs/facts.md), so that a value which one of them may not have does the same in another. Each was
 * tried on Linux 6.18. The numbers are those of all architectures but mips and parisc.
 */
export const SHARED_ARGUMENTS: readonly SharedArgument[] = [
  {
    values: [
      ['O_WRONLY|O_CREAT|O_TRUNC', 0x241n],
      ['O_WRONLY', 1n],
      ['O_RDWR', 2n],
      ['O_WRONLY|O_CREAT', 0x41n],
      ['O_RDONLY', 0n],
    ],
    places: [
      { name: 'open', at: 1 },
      { name: 'openat', at: 2 },
      { name: 'openat2', at: 'memory', where: { argument: 3, is: 24n } },
      { name: 'creat', at: 0x241n },
    ],
  },
  {
    values: [
      ['a set-user-ID mode', 0o4755n],
      ['a set-group-ID mode', 0o2755n],
      ['mode 0777', 0o777n],
    ],
    places: [
      { name: 'chmod', at: 1 },
      { name: 'fchmod', at: 1, needs: OPENS },
      { name: 'fchmodat', at: 2 },
      { name: 'fchmodat2', at: 2 },
    ],
  },
  {
    values: [
      ['S_IFCHR', 0o20600n],
      ['S_IFBLK', 0o60600n],
    ],
    places: [
      { name: 'mknod', at: 1 },
      { name: 'mknodat', at: 2 },
    ],
  },
  {
    values: SIGNALS,
    places: [
      { name: 'kill', at: 1 },
      { name: 'tkill', at: 1 },
      { name: 'tgkill', at: 2 },
      { name: 'rt_sigqueueinfo', at: 1 },
      { name: 'rt_tgsigqueueinfo', at: 2 },
      { name: 'pidfd_send_signal', at: 1, needs: ['pidfd_open', 'clone3', ...OPENS] },
    ],
  },
  {
    values: Array.from({ length: 16 }, (_, resource) => [`resource ${resource}`, BigInt(resource)] as const),
    places: [
      { name: 'setrlimit', at: 0 },
      // Without new limits it only tells the old ones.
      { name: 'prlimit64', at: 1, where: { argument: 2, isNot: 0n } },
    ],
  },
  {
    values: [
      ['SCHED_FIFO', 1n],
      ['SCHED_RR', 2n],
    ],
    places: [
      { name: 'sched_setscheduler', at: 1 },
      { name: 'sched_setattr', at: 'memory', where: { argument: 2, is: 0n } },
    ],
  },
  {
    values: [
      ['AT_REMOVEDIR', 0x200n],
      ['flags 0', 0n],
    ],
    places: [
      { name: 'unlinkat', at: 2 },
      { name: 'rmdir', at: 0x200n },
      { name: 'unlink', at: 0n },
    ],
  },
];

/** The calls that are told the value, if each of them passes; else none. */
export function passingTold(judged: Judged, place: Place, value: bigint): CallSet {
  const { name, at, needs } = place;
  const { native, policy } = judged;
  const isThere = judged.isInKernel(name) && (typeof at !== 'bigint' || at === value);
  const hasDescriptor = !needs || needs.some((call) => judged.passes(native, call) !== 'never');
  if (!isThere || !hasDescriptor) return Diagram.FALSE;
  const told = toldBy(policy.diagram, place, value);
  return isSubset(policy.diagram, told, judged.passing(native, name) ?? Diagram.FALSE) ? told : Diagram.FALSE;
}

/** The arguments by which a call is told the value, and does what it is about. */
function toldBy(diagram: Diagram, { at, where }: Place, value: bigint): CallSet {
  const told = typeof at === 'number' ? diagram.equals(argumentField(at), value) : Diagram.TRUE;
  if (!where) return told;
  const field = argumentField(where.argument);
  const is = where.is === undefined ? Diagram.TRUE : diagram.equals(field, where.is);
  const isNot = where.isNot === undefined ? Diagram.FALSE : diagram.equals(field, where.isNot);
  return difference(diagram, diagram.and(told, is), isNot);
}

/** Whether a condition on that argument denies a call with the value, though it passes with others. */
export function isDeniedTold(judged: Judged, { name, at }: Place, value: bigint): boolean {
  const { native } = judged;
  if (typeof at !== 'number' || judged.passes(native, name) !== 'sometimes') return false;
  return judged.isDeniedWith(native, name, at, WHOLE, value);
}
