import { NOWHERE } from '../diagnostics/span.ts';
import type { Condition } from '../profile/profile.ts';
import type { Recording } from '../recording/recording.ts';
import { worthOf } from '../recording/worthwhile-arguments.ts';
import type { AbiName } from '../syscalls/arch.ts';
import { type Argument, formatArgument, prototypeOf } from '../syscalls/arguments.ts';
import { numberOf as numberOfCall } from '../syscalls/lookup.ts';

/** How much must be known of an argument before a condition is made of it. */
export interface TightenOptions {
  /** So many runs must show the call. */
  readonly minRuns: number;
  /** More different values make no condition. */
  readonly mostValues: number;
}

/** What became of one argument. */
export interface ArgumentNote {
  readonly argument: number;
  readonly name: string;
  /** Seen values by their names. */
  readonly values: readonly string[];
  readonly kept: boolean;
  readonly why: string;
}

/** The conditions of one call: any of the alternatives, each all of its conditions. */
export interface TightCall {
  readonly name: string;
  /** Runs of the recordings that show the call. */
  readonly runs: number;
  /** Empty: the call stays unconditional. */
  readonly alternatives: readonly (readonly Condition[])[];
  readonly notes: readonly ArgumentNote[];
}

type Tuple = readonly (bigint | undefined)[];

/** Conditions for every call whose arguments the recordings know. */
export function tighten(recordings: readonly Recording[], options: TightenOptions): TightCall[] {
  const seen = new Map<string, { runs: number; tuples: Map<string, Tuple>; unknown: string }>();
  for (const recording of recordings) {
    const names = new Set<string>();
    for (const { arch, nr, name, args = [], count, denied, phase } of recording.observations) {
      if (!worthOf(name)) continue;
      const entry = seen.get(name) ?? { runs: 0, tuples: new Map(), unknown: NOT_UNDERSTOOD };
      seen.set(name, entry);
      names.add(name);
      // Of a call whose arguments are not all known, or lie elsewhere on its ABI, nothing is known.
      const known = args.reduce((sum, a) => sum + a.count, 0);
      const isKnown =
        known >= count && denied === 0 && phase !== 'runtime' && hasCommonArguments(arch, nr, name);
      if (!isKnown) entry.tuples.set('', []);
      if (phase === 'runtime') entry.unknown = 'the container runtime makes this call too';
      for (const { values } of args) entry.tuples.set(values.join(' '), values.map(numberOf));
    }
    for (const name of names) seen.get(name)!.runs += recording.runs;
  }
  return [...seen].map(([name, { runs, tuples, unknown }]) =>
    tightenCall(name, runs, [...tuples.values()], { ...options, unknown }),
  );
}

const NOT_UNDERSTOOD = 'not every value is known (record --args)';

/** Also why values are not known, where some are not. */
interface Terms extends TightenOptions {
  readonly unknown: string;
}

/** i386's and s390's old mmap takes a pointer to its arguments; s390's clone has its first two in the other order. */
function hasCommonArguments(arch: AbiName, nr: number, name: string): boolean {
  const is = (other: string) => name === other && nr === numberOfCall(arch, other);
  if (arch === 'x86' || arch === 'arm' || arch === 's390' || arch === 's390x') if (is('mmap')) return false;
  return !((arch === 's390' || arch === 's390x') && is('clone'));
}

function numberOf(value: string | null): bigint | undefined {
  return value === null ? undefined : BigInt(value);
}

function tightenCall(name: string, runs: number, seen: readonly Tuple[], options: Terms): TightCall {
  const prototype = prototypeOf(name === 'mmap2' ? 'mmap' : name.replace(/^fcntl64$/, 'fcntl')) ?? [];
  const tuples = seen.map((tuple) => tuple.map((value, i) => value && cut(prototype[i], value)));
  const wanted = worthOf(name)!.flatMap((worth, i) => (worth ? [i] : []));
  const judged = wanted.map((i) => judge(prototype[i], i, tuples, runs, options));
  const choices = judged.filter((j) => j.note.kept && !j.flags);
  const flags = judged.filter((j) => j.note.kept && j.flags);
  const { kept, dropped } = fewEnough(choices, tuples, options.mostValues);
  const notes = judged.map(({ note }) =>
    dropped.some((d) => d.note === note)
      ? { ...note, kept: false, why: `more than ${options.mostValues} combinations with the other arguments` }
      : note,
  );
  const masks = flags.map((j) => flagCondition(prototype[j.note.argument], j.note.argument, tuples));
  const alternatives = combinationsOf(kept, tuples).map((values) => [
    ...kept.map((j, i) => valueCondition(prototype[j.note.argument], j.note.argument, values[i])),
    ...masks,
  ]);
  return { name, runs, alternatives: kept.length + masks.length === 0 ? [] : alternatives, notes };
}

interface Judged {
  readonly note: ArgumentNote;
  /** Its values are joined bits; else it is one of several values. */
  readonly flags: boolean;
}

function judge(
  argument: Argument | undefined,
  index: number,
  tuples: readonly Tuple[],
  runs: number,
  options: Terms,
): Judged {
  const values = new Set(tuples.map((tuple) => tuple[index]));
  const flags = argument?.kind === 'flags';
  const known = [...values].filter((value) => value !== undefined).map((value) => cut(argument, value));
  const distinct = [...new Set(known)];
  const refusal = values.has(undefined)
    ? options.unknown
    : !argument
      ? 'the call has no prototype'
      : runs < options.minRuns
        ? `seen in ${runs} of ${options.minRuns} runs that are asked for (--min-runs)`
        : !flags && distinct.length > options.mostValues
          ? `${distinct.length} different values, more than ${options.mostValues}`
          : undefined;
  const why = refusal ?? (flags ? 'no other bits were ever set' : 'no other values were ever passed');
  return {
    flags,
    note: {
      argument: index,
      name: argument?.name ?? `arg${index}`,
      values: distinct.slice(0, 32).flatMap((value) => namesOf(argument, index, value, tuples)),
      kept: refusal === undefined,
      why,
    },
  };
}

/** A value's names; where these depend on another argument, those for each that it came with. */
function namesOf(
  argument: Argument | undefined,
  index: number,
  value: bigint,
  tuples: readonly Tuple[],
): string[] {
  if (!argument) return [`${value}`];
  const where = tuples.filter((tuple) => tuple[index] !== undefined && cut(argument, tuple[index]) === value);
  // -1 is no argument's value in this form.
  const names = where.map((tuple) =>
    formatArgument(
      argument,
      value,
      tuple.map((other) => other ?? -1n),
    ),
  );
  return [...new Set(names)];
}

/** Leaves out the arguments with the most values until the rest has few enough combinations. */
function fewEnough(choices: readonly Judged[], tuples: readonly Tuple[], most: number) {
  const kept = [...choices];
  const dropped: Judged[] = [];
  while (combinationsOf(kept, tuples).length > most) {
    const sizes = kept.map((j) => j.note.values.length);
    dropped.push(...kept.splice(sizes.indexOf(Math.max(...sizes)), 1));
  }
  return { kept, dropped };
}

/** The values that were seen together. */
function combinationsOf(choices: readonly Judged[], tuples: readonly Tuple[]): bigint[][] {
  const found = new Map<string, bigint[]>();
  for (const tuple of tuples) {
    const values = choices.map((j) => tuple[j.note.argument]!);
    found.set(values.join(' '), values);
  }
  return [...found.values()].sort(byValue);
}

function byValue(a: readonly bigint[], b: readonly bigint[]): number {
  const i = a.findIndex((value, at) => value !== b[at]);
  return i < 0 ? 0 : a[i] < b[i] ? -1 : 1;
}

/** What the kernel looks at of a register: an int is its low half. */
function cut(argument: Argument | undefined, value: bigint): bigint {
  return argument?.bits === 32 ? value & 0xffff_ffffn : value;
}

function ones(argument: Argument): bigint {
  return argument.bits === 32 ? 0xffff_ffffn : 0xffff_ffff_ffff_ffffn;
}

/** argument == value, compared under the bits that the kernel looks at. */
function valueCondition(argument: Argument, index: number, value: bigint): Condition {
  return masked(index, ones(argument), cut(argument, value));
}

/** No bits but those that were seen: argument & ~seen == 0. */
function flagCondition(argument: Argument, index: number, tuples: readonly Tuple[]): Condition {
  const seen = tuples.reduce((bits, tuple) => bits | tuple[index]!, 0n);
  return masked(index, ones(argument) & ~seen, 0n);
}

function masked(argument: number, mask: bigint, datum: bigint): Condition {
  return { argument, operator: 'MASKED_EQ', value: mask, valueTwo: datum, span: NOWHERE };
}
