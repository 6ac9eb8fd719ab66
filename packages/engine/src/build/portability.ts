import { compareKernels, type KernelVersion, parseKernel } from '../profile/profile.ts';
import { type AbiName, abiOf } from '../syscalls/arch.ts';
import { sinceOf } from '../syscalls/arguments.ts';
import { numberOf } from '../syscalls/lookup.ts';
import { KERNEL_CHANGES } from './generated/kernel-changes.ts';
import { LIBC_CHANGES } from './generated/libc-changes.ts';
import { PROJECTIONS } from './generated/projections.ts';

/** What an x86_64 call is on other ABIs; "generic" stands for aarch64, riscv64 and loongarch64. */
export interface Projection {
  readonly name: string;
  readonly becomes: Readonly<Partial<Record<AbiName | 'generic', readonly string[]>>>;
  readonly why: string;
}

export interface LibcChange {
  readonly libc: 'glibc' | 'musl';
  readonly toward: 'newer' | 'older';
  /** The last release known without the change, and the first one known with it. */
  readonly bracket: readonly [string, string];
  /** Any of these in a recording shows that the path is taken. */
  readonly trigger: readonly string[];
  readonly adds: readonly string[];
  readonly why: string;
  /** ENOSYS: where the call is missing, libc goes back to the trigger. */
  readonly fallback: 'ENOSYS' | 'EPERM-too' | 'none';
  /** null: on every ABI. */
  readonly archs: readonly AbiName[] | null;
}

export interface KernelChange {
  readonly kernel: string;
  readonly adds: readonly string[];
  readonly trigger: readonly string[];
  readonly who: string;
  readonly why: string;
  readonly archs: readonly AbiName[] | null;
}

/** Releases of a libc, both ends included. */
export interface LibcRange {
  readonly libc: 'glibc' | 'musl';
  readonly from: string;
  readonly to: string;
}

/** Kernel releases, both ends included. */
export interface KernelRange {
  readonly from: KernelVersion;
  readonly to: KernelVersion;
}

/** A call that a recording does not show, and why a profile needs it all the same. */
export interface Foreseen {
  readonly name: string;
  /** The recorded calls that lead to it. */
  readonly from: readonly string[];
  readonly why: string;
  /** With which errno the caller goes back to these; undefined: with none that is known. */
  readonly fallback?: LibcChange['fallback'];
}

const GENERIC: readonly AbiName[] = ['aarch64', 'riscv64', 'loongarch64'];
/** The ABIs whose own names for calls are in the table, and those that have the names of x86_64. */
const KNOWN: ReadonlySet<string> = new Set<AbiName | 'generic'>([
  'x86_64',
  'x32',
  ...GENERIC,
  ...PROJECTIONS.flatMap(({ becomes }) => Object.keys(becomes) as AbiName[]),
]);
const BY_NAME = new Map(PROJECTIONS.map((projection) => [projection.name, projection]));

/** Whether it is known what libc calls on one ABI where it makes other calls on another. */
export function canProject(from: AbiName, to: AbiName): boolean {
  return abiOf(from).table === abiOf(to).table || (KNOWN.has(from) && KNOWN.has(to));
}

/** What the recorded calls of one ABI are on another, where the name is not the same. */
export function project(names: Iterable<string>, from: AbiName, to: AbiName): Foreseen[] {
  return [...names].flatMap((name) =>
    counterparts(name, from, to)
      .filter(({ name: other }) => other !== name && numberOf(to, other) !== undefined)
      .map(({ name: other, why }) => ({ name: other, from: [name], why: `on ${to}: ${why}` })),
  );
}

/** Every table goes by way of x86_64, which has the most calls. */
function counterparts(name: string, from: AbiName, to: AbiName): { name: string; why: string }[] {
  const wide = from === 'x86_64' ? [name] : [name, ...wideNames(name, from)];
  return wide.flatMap((w) => {
    const projection = BY_NAME.get(w);
    const others = to === 'x86_64' ? [w] : (onAbi(projection, to) ?? [w]);
    const why = projection?.why ?? `libc calls ${name} there under another name`;
    return others.map((other) => ({ name: other, why }));
  });
}

/** The x86_64 calls that another ABI makes under this name: libc may call any of them there. */
function wideNames(name: string, abi: AbiName): string[] {
  return PROJECTIONS.filter((projection) => onAbi(projection, abi)?.includes(name)).map((p) => p.name);
}

function onAbi(projection: Projection | undefined, abi: AbiName): readonly string[] | undefined {
  return projection?.becomes[abi] ?? (GENERIC.includes(abi) ? projection?.becomes.generic : undefined);
}

/** What other releases of a libc call on the paths that the recorded calls show. */
export function foreseeLibc(
  names: ReadonlySet<string>,
  range: LibcRange,
  abis: readonly AbiName[],
): Foreseen[] {
  return LIBC_CHANGES.filter(
    (change) =>
      change.libc === range.libc &&
      appliesTo(change.archs, abis) &&
      (change.toward === 'newer'
        ? compareReleases(range.to, change.bracket[0]) > 0
        : compareReleases(range.from, change.bracket[1]) < 0),
  ).flatMap((change) =>
    foreseen(
      change,
      names,
      `${change.libc} ${change.toward === 'newer' ? 'after' : 'before'} ${change.bracket[change.toward === 'newer' ? 0 : 1]}: ${change.why}`,
    ),
  );
}

/** What programs call on kernels newer than the recorded one, and what libc goes back to on older ones. */
export function foreseeKernels(
  names: ReadonlySet<string>,
  range: KernelRange,
  abis: readonly AbiName[],
  recorded: KernelVersion | undefined,
): Foreseen[] {
  const comes = (kernel: KernelVersion) =>
    compareKernels(kernel, range.to) <= 0 && (!recorded || compareKernels(kernel, recorded) > 0);
  const newer = KERNEL_CHANGES.filter(
    ({ kernel, archs }) => appliesTo(archs, abis) && comes(parseKernel(kernel)!),
  ).flatMap((change) =>
    foreseen(change, names, `${change.who} on Linux ${change.kernel} or newer: ${change.why}`),
  );
  return [...newer, ...fallbacks(names, range.from, abis)];
}

function fallbacks(names: ReadonlySet<string>, oldest: KernelVersion, abis: readonly AbiName[]): Foreseen[] {
  return LIBC_CHANGES.filter(
    ({ toward, fallback, archs }) => toward === 'newer' && fallback === 'ENOSYS' && appliesTo(archs, abis),
  ).flatMap(({ adds, trigger }) =>
    adds
      .filter(
        (name) => names.has(name) && compareKernels(parseKernel(sinceOf(name) ?? '') ?? oldest, oldest) > 0,
      )
      .flatMap((name) =>
        trigger
          .filter((old) => abis.some((abi) => numberOf(abi, old) !== undefined))
          .map((old) => ({
            name: old,
            from: [name],
            why: `Linux before ${sinceOf(name)} has no ${name}, so libc goes back to ${old}`,
          })),
      ),
  );
}

function foreseen(
  change: Pick<LibcChange, 'trigger' | 'adds'> & Partial<Pick<LibcChange, 'fallback'>>,
  names: ReadonlySet<string>,
  why: string,
): Foreseen[] {
  const from = change.trigger.filter((name) => names.has(name));
  const { adds, fallback } = change;
  return from.length === 0 ? [] : adds.map((name) => ({ name, from, why, ...(fallback && { fallback }) }));
}

function appliesTo(archs: readonly AbiName[] | null, abis: readonly AbiName[]): boolean {
  // Twins of the other byte order share their table and their libc.
  return (
    archs === null || abis.some((abi) => archs.includes(abi) || archs.includes(abiOf(abi).table as AbiName))
  );
}

/** Releases such as 2.36, v1.2.5 and 1.2.0-rc.1, by their numbers: negative when `a` is the older one. */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [a, b].map((release) =>
    (release.match(/\d+(?:\.\d+)*/)?.[0] ?? '0').split('.').map(Number),
  );
  for (let i = 0; i < Math.max(left.length, right.length); i++)
    if ((left[i] ?? 0) !== (right[i] ?? 0)) return (left[i] ?? 0) - (right[i] ?? 0);
  return 0;
}
