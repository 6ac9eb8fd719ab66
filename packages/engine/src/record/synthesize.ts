import {
  compareKernels,
  type KernelVersion,
  type Profile,
  parseKernel,
  type Rule,
} from '../profile/profile.ts';
import { NOWHERE } from '../source/span.ts';
import { type AbiName, abiOf } from '../syscalls/arch.ts';
import { sinceOf } from '../syscalls/arguments.ts';
import { allNames, nameOf, numberOf } from '../syscalls/lookup.ts';
import type { Observation, Recording } from './observation.ts';

/** Why a call stands in a built profile. */
export type Reason =
  | { readonly kind: 'seen'; readonly count: number; readonly runs: number }
  | { readonly kind: 'base'; readonly why: string };

/** A profile, and for each of its calls why it is there. */
export interface Synthesis {
  readonly profile: Profile;
  /** Sorted by name. */
  readonly reasons: ReadonlyMap<string, Reason>;
  /** Calls that answer ENOSYS because they are newer than every recorded kernel. */
  readonly newer: readonly string[];
  /** Numbers that were called and have no name, so that no profile can allow them. */
  readonly unnamed: readonly Observation[];
  /** Calls that were only ever denied; they stay out. */
  readonly deniedOnly: readonly string[];
}

const EPERM = 1;
const ENOSYS = 38;

/**
 * What any process needs though a recording may not show it. A filter is loaded before execve; a signal handler
 * returns through rt_sigreturn; the kernel restarts interrupted sleeps through restart_syscall; the vDSO falls back
 * to the real call when the clock source forbids the fast way (vdso(7)).
 */
const BASE: readonly (readonly [why: string, ...names: string[]])[] = [
  ['the program is started under the filter', 'execve'],
  ['a process ends through it', 'exit', 'exit_group'],
  ['returns from signal handlers', 'rt_sigreturn', 'sigreturn'],
  ['the kernel resumes sleeps with it after a stop', 'restart_syscall'],
  [
    'the vDSO falls back to it when the clock source changes',
    'clock_gettime',
    'clock_gettime64',
    'clock_getres',
    'clock_getres_time64',
    'gettimeofday',
    'time',
    'getcpu',
  ],
];

/** The smallest profile under which everything recorded still works: an allow list, and an error for the rest. */
export function synthesize(recordings: readonly [Recording, ...Recording[]]): Synthesis {
  const native = recordings[0].machine.arch;
  const seen = new Map<string, { count: number; runs: number }>();
  const unnamed: Observation[] = [];
  const denied = new Set<string>();
  const abis = new Set<AbiName>([native]);
  for (const recording of recordings) {
    for (const observation of recording.observations) {
      const name = nameOf(observation.arch, observation.nr);
      if (name === undefined) unnamed.push(observation);
      else if (observation.count === 0) denied.add(name);
      else {
        abis.add(observation.arch);
        const entry = seen.get(name) ?? { count: 0, runs: 0 };
        seen.set(name, { count: entry.count + observation.count, runs: entry.runs + recording.runs });
      }
    }
  }
  const reasons = withBase(seen, abis);
  const newer = newerThan(newestKernel(recordings), new Set(reasons.keys()), abis);
  const allow: Rule = rule(0, [...reasons.keys()], 'ALLOW');
  const profile: Profile = {
    form: 'oci',
    defaultAction: { value: 'ERRNO', span: NOWHERE },
    defaultErrnoRet: { value: EPERM, span: NOWHERE },
    architectures: [...abis].map((name) => ({ value: abiOf(name).token, span: NOWHERE })),
    archMap: [],
    flags: [],
    hasFlags: false,
    rules: newer.length > 0 ? [allow, rule(1, newer, 'ERRNO', ENOSYS)] : [allow],
  };
  return { profile, reasons, newer, unnamed, deniedOnly: [...denied].filter((name) => !seen.has(name)) };
}

function withBase(
  seen: ReadonlyMap<string, { count: number; runs: number }>,
  abis: ReadonlySet<AbiName>,
): Map<string, Reason> {
  const reasons = new Map<string, Reason>();
  for (const [name, entry] of seen) reasons.set(name, { kind: 'seen', ...entry });
  for (const [why, ...names] of BASE)
    for (const name of names)
      if (!reasons.has(name) && existsOn(name, abis)) reasons.set(name, { kind: 'base', why });
  return new Map([...reasons].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Calls that came after a kernel: libc tries them first and falls back on ENOSYS, but not on EPERM. */
function newerThan(
  kernel: KernelVersion,
  allowed: ReadonlySet<string>,
  abis: ReadonlySet<AbiName>,
): string[] {
  return allNames().filter((name) => {
    const since = parseKernel(sinceOf(name) ?? '');
    return since && compareKernels(since, kernel) > 0 && !allowed.has(name) && existsOn(name, abis);
  });
}

function newestKernel(recordings: readonly Recording[]): KernelVersion {
  const kernels = recordings.map((r) => parseKernel(r.machine.kernel) ?? { major: 0, minor: 0 });
  return kernels.reduce((a, b) => (compareKernels(a, b) >= 0 ? a : b));
}

function existsOn(name: string, abis: ReadonlySet<AbiName>): boolean {
  return [...abis].some((abi) => numberOf(abi, name) !== undefined);
}

function rule(index: number, names: readonly string[], action: 'ALLOW' | 'ERRNO', errno?: number): Rule {
  return {
    index,
    names: names.map((value) => ({ value, span: NOWHERE })),
    action: { value: action, span: NOWHERE },
    ...(errno !== undefined && { errnoRet: { value: errno, span: NOWHERE } }),
    conditions: [],
    span: NOWHERE,
  };
}
