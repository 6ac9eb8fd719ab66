import type { Difference } from '../analysis/diff.ts';
import { NOWHERE } from '../diagnostics/span.ts';
import {
  type Condition,
  compareKernels,
  type KernelVersion,
  type Profile,
  parseKernel,
  type Rule,
} from '../profile/profile.ts';
import type { Observation, Recording } from '../recording/recording.ts';
import { type AbiName, abiOf } from '../syscalls/arch.ts';
import { sinceOf } from '../syscalls/arguments.ts';
import { allNames, nameOf, numberOf } from '../syscalls/lookup.ts';
import { type Bound, callsBehind, looserThan } from './bound.ts';
import { Demand, type Reason } from './demand.ts';
import { type FloorChoice, floorOf, type MeasuredAround, measuredAround, rareFloor } from './floors.ts';
import { boundDemand, deniedCall, type LeftOut, restrictedByDefault } from './left-out.ts';
import { Limits } from './limits.ts';
import {
  canProject,
  type Foreseen,
  foreseeKernels,
  foreseeLibc,
  type KernelRange,
  type LibcRange,
  project,
} from './portability.ts';
import { looserCalls, type RuntimeDefault } from './runtime-default.ts';
import { type TightCall, type TightenOptions, tighten } from './tighten.ts';

export type { Reason, Seen } from './demand.ts';

/** What a profile is built for, beyond what was recorded. */
export interface BuildOptions {
  /** Adds what the runtime calls under the container's filter. */
  readonly floor?: FloorChoice;
  /** What the runtime would load by itself: what that allows under conditions alone is allowed under them. */
  readonly runtimeDefault?: RuntimeDefault;
  /** What the profile may not exceed, whatever was recorded; with it `runtimeDefault` restricts nothing itself. */
  readonly bound?: Bound;
  /** The ABIs of the profile; without it those that were recorded. */
  readonly abis?: readonly AbiName[];
  readonly libc?: LibcRange;
  readonly kernels?: KernelRange;
  /** Calls that the user adds. */
  readonly allow?: readonly string[];
  /** Allows what a filter denied while it was recorded. */
  readonly withDenied?: boolean;
  readonly tighten?: TightenOptions;
}

/** A profile, and for each of its calls why it is there. */
export interface Synthesis {
  readonly profile: Profile;
  /** Sorted by name; the first reason is the strongest. */
  readonly reasons: ReadonlyMap<string, readonly Reason[]>;
  /** Calls that get ENOSYS: newer than every recorded kernel and `kernels.to`. None where no kernel is known. */
  readonly newer: readonly string[];
  /** Numbers that were called and have no name, so that no profile can allow them. */
  readonly unnamed: readonly Observation[];
  /** Calls that were only ever denied; they stay out. */
  readonly deniedOnly: readonly string[];
  /** ABIs of which nothing was recorded, and of which it is not known how they name what was recorded. */
  readonly unprojected: readonly AbiName[];
  /** What became of the arguments, where that was asked for. */
  readonly conditions: readonly TightCall[];
  /** What the profile is for, where that is a container. */
  readonly container?: ContainerFit;
  /** How the profile keeps to its bound, where it has one. */
  readonly bounded?: BoundFit;
}

/** How a profile keeps to its bound. */
export interface BoundFit {
  /** As the bound was named. */
  readonly bound: string;
  /** Calls that pass only with arguments with which the bound lets them pass, too. */
  readonly restricted: readonly string[];
  /** What was wanted and stays out. */
  readonly leftOut: readonly LeftOut[];
  /** What passes and the bound denies, each with a call that shows it. Empty is a proof that the profile is not looser. */
  readonly looser: readonly Difference[];
}

/** How a profile for containers compares with what the runtime loads by itself. */
export interface ContainerFit {
  /** Whose default. */
  readonly runtimeDefault: string;
  /** Calls that are allowed under the conditions of the default alone, because nothing recorded needs more. */
  readonly restricted: readonly string[];
  /** Calls that pass, at least with some arguments, though the default denies them. */
  readonly looser: readonly string[];
  /** Where the release of the runtime was not measured itself: the measured ones next to it. */
  readonly measuredAround?: MeasuredAround;
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

/**
 * The smallest profile under which everything recorded still works: an allow list, and an error for the rest.
 * @example
 * ```js
 * import { parseRecording, synthesize } from '@callgate/engine/build';
 * const { value: recording } = parseRecording(JSON.stringify({
 *   schema: 'callgate-recording/1',
 *   machine: { arch: 'x86_64', kernel: '6.12.0' },
 *   recorder: 'ebpf', command: ['true'], started: '2026-11-28T00:00:00.000Z',
 *   runs: 1, lost: 0, left: 0, ambiguous: 0, countsDenied: false, lacks: [], notes: [],
 *   observations: [{ arch: 'x86_64', nr: 39, name: 'getpid', count: 1, phase: 'run', denied: 0 }],
 * }));
 * synthesize([recording]).reasons.has('getpid'); // → true
 * ```
 */
export function synthesize(
  recordings: readonly [Recording, ...Recording[]],
  options: BuildOptions = {},
): Synthesis {
  const demand = new Demand();
  const { unnamed, denied } = demand.addSeen(recordings, {
    withDenied: options.withDenied,
    hasFloor: options.floor !== undefined,
  });
  const wantedAbis = options.abis ?? abisOf(recordings, options.withDenied ?? false);
  const natives = nativesOf(recordings[0].machine.arch, wantedAbis);
  const { bound } = options;
  const limits = bound && new Limits(bound, natives, wantedAbis);
  const abis = new Set(wantedAbis.filter((abi) => !limits || natives.includes(abi) || limits.covers(abi)));
  const unprojected = addPortability(demand, recordings, [...abis], options);
  for (const [why, ...names] of BASE)
    for (const name of names) if (existsOn(name, abis)) demand.addUnlessThere(name, { kind: 'base', why });
  for (const [name, why] of options.floor ? floorOf(options.floor) : rareFloorOf(recordings))
    if (existsOn(name, abis))
      demand.add(name, { kind: 'floor', runtime: options.floor?.runtime ?? 'recorded', why });
  for (const name of options.allow ?? []) demand.add(name, { kind: 'hand', why: 'added by hand' });

  const byHand = new Set(options.allow);
  const wanted =
    bound && limits
      ? boundDemand(demand, bound, limits, recordings, byHand)
      : restrictedByDefault(demand, recordings, natives, byHand, options.runtimeDefault);
  const { restrictions } = wanted;
  const kernel = newestKernel(recordings, options.kernels);
  const made = () => {
    const reasons = demand.sorted();
    const newer = kernel ? newerThan(kernel, new Set(reasons.keys()), abis) : [];
    const refused = union(
      newer,
      wanted.refused.filter((name) => existsOn(name, abis)),
    );
    const seen = options.tighten ? tightened(recordings, reasons, [...abis], options.tighten) : [];
    const conditions = limits ? seen.map((call) => narrowed(call, limits)) : seen;
    return {
      reasons,
      newer,
      conditions,
      profile: profileOf([...abis], reasons, conditions, restrictions, refused),
    };
  };
  let { profile, reasons, newer, conditions } = made();
  const leftOut: LeftOut[] = [
    ...wantedAbis.filter((abi) => !abis.has(abi)).map((arch): LeftOut => ({ kind: 'abi', arch })),
    ...wanted.leftOut,
  ];
  let looser = bound ? looserThan(profile, bound, natives) : [];
  // What no conditions can keep within the bound goes whole, until nothing is left that exceeds it.
  for (;;) {
    const beyond = callsBehind(looser, demand.names()).filter(
      (name) => !(bound!.yieldsToHand && byHand.has(name)),
    );
    if (beyond.length === 0) break;
    for (const name of beyond) leftOut.push(deniedCall(name, demand.remove(name), bound!));
    ({ profile, reasons, newer, conditions } = made());
    looser = looserThan(profile, bound!, natives);
  }
  const restricted = [...restrictions.keys()].filter((name) => reasons.has(name));
  const around = options.floor && measuredAround(options.floor);
  return {
    profile,
    reasons,
    newer,
    unnamed,
    deniedOnly: [...denied].filter((name) => !reasons.has(name)),
    unprojected,
    conditions,
    ...(options.runtimeDefault && {
      container: {
        runtimeDefault: options.runtimeDefault.name,
        restricted,
        looser: looserCalls(profile, options.runtimeDefault, natives),
        ...(around && { measuredAround: around }),
      },
    }),
    ...(bound && { bounded: { bound: bound.name, restricted, leftOut, looser } }),
  };
}

/** Seen arguments, as far as the bound lets them pass. */
function narrowed(call: TightCall, limits: Limits): TightCall {
  return { ...call, alternatives: limits.narrowed(call.name, call.alternatives) };
}

/** The kinds of machines that a profile is for: the recorded one, and those whose ABIs are not another's secondary ones. */
export function nativesOf(recorded: AbiName, abis: readonly AbiName[]): AbiName[] {
  const secondary = new Set([recorded, ...abis].flatMap((abi) => abiOf(abi).subAbis));
  return [...new Set([recorded, ...abis.filter((abi) => !secondary.has(abi))])];
}

function union(names: readonly string[], more: readonly string[]): string[] {
  return [...new Set([...names, ...more])].sort();
}

/** One start does not show all that a runtime may call. */
function rareFloorOf(recordings: readonly Recording[]): Map<string, string> {
  const recorded = recordings.flatMap((r) => r.observations.filter((o) => o.phase === 'runtime'));
  return recorded.length === 0 ? new Map() : rareFloor(new Set(recorded.map((o) => o.name)));
}

/** Adds what was not recorded but is to be expected elsewhere; returns the ABIs of which that is not known. */
function addPortability(
  demand: Demand,
  recordings: readonly [Recording, ...Recording[]],
  abis: readonly AbiName[],
  { libc, kernels }: BuildOptions,
): AbiName[] {
  const seen = demand.namesSeen();
  const add = (kind: 'projection' | 'forecast') => (foreseen: Foreseen) => {
    const { name, from, why } = foreseen;
    if (!seen.has(name) && existsOn(name, new Set(abis))) demand.add(name, { kind, from, why });
  };
  const recorded = new Set(recordings.flatMap((r) => [r.machine.arch, ...r.observations.map((o) => o.arch)]));
  const machines = namesByMachine(recordings);
  const others = abis.filter((abi) => !recorded.has(abi));
  for (const [native, names] of machines)
    for (const abi of others) project(names, native, abi).forEach(add('projection'));
  if (libc) foreseeLibc(new Set(demand.names()), libc, abis).forEach(add('forecast'));
  const kernel = newestKernel(recordings, undefined);
  if (kernels) foreseeKernels(new Set(demand.names()), kernels, abis, kernel).forEach(add('forecast'));
  return others.filter((abi) => ![...machines.keys()].some((native) => canProject(native, abi)));
}

/** What was recorded on each kind of machine; the container runtime's calls are not the workload's. */
function namesByMachine(recordings: readonly Recording[]): Map<AbiName, Set<string>> {
  const machines = new Map<AbiName, Set<string>>();
  for (const { machine, observations } of recordings) {
    const names = machines.get(machine.arch) ?? new Set();
    machines.set(machine.arch, names);
    for (const { arch, nr, count, phase } of observations) {
      const name = nameOf(arch, nr);
      if (name !== undefined && count > 0 && phase !== 'runtime') names.add(name);
    }
  }
  return machines;
}

function abisOf(recordings: readonly [Recording, ...Recording[]], withDenied: boolean): AbiName[] {
  const abis = new Set<AbiName>([recordings[0].machine.arch]);
  for (const { observations } of recordings)
    for (const { arch, name, count } of observations)
      if (name !== '' && (count > 0 || withDenied)) abis.add(arch);
  return [...abis];
}

/** A call that somebody else than the workload makes too stays unconditional: their arguments are not known. */
function tightened(
  recordings: readonly Recording[],
  reasons: ReadonlyMap<string, readonly Reason[]>,
  abis: readonly AbiName[],
  options: TightenOptions,
): TightCall[] {
  const wanted = tighten(recordings, options).filter((call) => reasons.has(call.name));
  return wanted.map((call) => {
    const other = reasons.get(call.name)!.find((reason) => reason.kind !== 'seen');
    const swapped = call.name === 'clone' && abis.some((abi) => abi === 's390x' || abi === 's390');
    if ((!other && !swapped) || call.alternatives.length === 0) return call;
    const why = other
      ? `the call is also there for another reason (${other.kind}), whose arguments are not known`
      : 'on s390 its flags are another argument';
    return { ...call, alternatives: [], notes: call.notes.map((note) => ({ ...note, kept: false, why })) };
  });
}

function profileOf(
  abis: readonly AbiName[],
  reasons: ReadonlyMap<string, readonly Reason[]>,
  tight: readonly TightCall[],
  restrictions: ReadonlyMap<string, readonly (readonly Condition[])[]>,
  newer: readonly string[],
): Profile {
  const observed = tight.filter((call) => call.alternatives.length > 0);
  const names = new Set(observed.map(({ name }) => name));
  const conditional = [
    ...observed,
    ...[...restrictions]
      .filter(([name]) => reasons.has(name) && !names.has(name))
      .map(([name, alternatives]) => ({ name, alternatives })),
  ];
  const plain = [...reasons.keys()].filter((name) => !conditional.some((call) => call.name === name));
  const rules: Omit<Rule, 'index'>[] = [
    ...(plain.length > 0 ? [rule(plain, 'ALLOW')] : []),
    ...conditional.flatMap(({ name, alternatives }) =>
      alternatives.map((conditions) => ({ ...rule([name], 'ALLOW'), conditions })),
    ),
    ...(newer.length > 0 ? [rule(newer, 'ERRNO', ENOSYS)] : []),
  ];
  return {
    form: 'oci',
    defaultAction: { value: 'ERRNO', span: NOWHERE },
    defaultErrnoRet: { value: EPERM, span: NOWHERE },
    architectures: abis.map((name) => ({ value: abiOf(name).token, span: NOWHERE })),
    archMap: [],
    flags: [],
    hasFlags: false,
    rules: rules.map((r, index) => ({ ...r, index })),
  };
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

/** The newest kernel that was recorded or is asked for; undefined when logs do not tell one. */
function newestKernel(
  recordings: readonly Recording[],
  range: KernelRange | undefined,
): KernelVersion | undefined {
  const kernels = [...recordings.map((r) => parseKernel(r.machine.kernel)), range?.to].filter(
    (k) => k !== undefined,
  );
  return kernels.reduce<KernelVersion | undefined>(
    (a, b) => (a && compareKernels(a, b) >= 0 ? a : b),
    undefined,
  );
}

function existsOn(name: string, abis: ReadonlySet<AbiName>): boolean {
  return [...abis].some((abi) => numberOf(abi, name) !== undefined);
}

function rule(names: readonly string[], action: 'ALLOW' | 'ERRNO', errno?: number): Omit<Rule, 'index'> {
  return {
    names: names.map((value) => ({ value, span: NOWHERE })),
    action: { value: action, span: NOWHERE },
    ...(errno !== undefined && { errnoRet: { value: errno, span: NOWHERE } }),
    conditions: [],
    span: NOWHERE,
  };
}
