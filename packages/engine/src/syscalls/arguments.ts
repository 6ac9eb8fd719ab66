import type { Abi, AbiName } from './arch.ts';
import { CONSTANTS } from './generated/constants.ts';
import { PROTOTYPES } from './generated/prototypes.ts';
import { SINCE } from './generated/since.ts';
import { lazily, linesByName } from './lines.ts';

/** What an argument is to the kernel. Only what a filter can judge is worth a condition: flags, cmd, enum, signal. */
export type ArgumentKind =
  | 'fd'
  | 'pointer'
  | 'path'
  | 'flags'
  | 'enum'
  | 'cmd'
  | 'size'
  | 'count'
  | 'offset'
  | 'pid'
  | 'uid'
  | 'gid'
  | 'mode'
  | 'signal'
  | 'address'
  | 'value';

/** One argument of a system call, as its prototype declares it on x86_64. */
export interface Argument {
  readonly name: string;
  readonly type: string;
  readonly kind: ArgumentKind;
  /** Bits that the kernel looks at; the register has 64. */
  readonly bits: number;
  readonly signed: boolean;
  /** Which set of constants it takes. */
  readonly set?: string;
  /** Instead of `set`: the first of these whose argument `arg`, from 0, has the value. */
  readonly setWhen?: readonly { readonly arg: number; readonly value: number; readonly set: string }[];
}

export interface ConstantSet {
  /** flags: the values are joined by OR. */
  readonly kind: 'enum' | 'flags';
  readonly mask?: string;
  readonly values: Readonly<Record<string, number>>;
}

/** Each line of a table, parsed when it is asked for. */
function parsedByName<T>(text: string, parse: (line: string) => T): ReadonlyMap<string, () => T> {
  const lines = [...linesByName(text)];
  return new Map(lines.map(([name, line]) => [name, lazily(() => parse(line))]));
}

/** The kind, the mask or "-", then the names: "NAME=hex", or "NAME" for the number behind the last one. */
function constantSetIn(line: string): ConstantSet {
  const [kind, mask, ...names] = line.split(' ');
  let next = 0;
  const values = names.map((text): [string, number] => {
    const [name, hex] = text.split('=');
    const value = hex === undefined ? next : Number.parseInt(hex, 16);
    next = value + 1;
    return [name, value];
  });
  return {
    kind: kind as ConstantSet['kind'],
    ...(mask !== '-' && { mask }),
    values: Object.fromEntries(values),
  };
}

/** Arguments, joined by a comma. */
function argumentsIn(line: string): readonly Argument[] {
  return line === '' ? [] : line.split(',').map(argumentIn);
}

/** "NAME KIND s32 TYPE", s or u for the sign, then " = SET" and " ? ARG:VALUE:SET ..." for the constants it takes. */
function argumentIn(text: string): Argument {
  const [declaration, set, choices] = text.split(/ [=?] /);
  const [name, kind, width, ...type] = declaration.split(' ');
  return {
    name,
    type: type.join(' '),
    kind: kind as ArgumentKind,
    bits: Number(width.slice(1)),
    signed: width.startsWith('s'),
    ...(set && { set }),
    ...(choices && { setWhen: choices.split(' ').map(choiceIn) }),
  };
}

function choiceIn(text: string): { arg: number; value: number; set: string } {
  const [arg, value, set] = text.split(':');
  return { arg: Number(arg), value: Number(value), set };
}

const prototypes = lazily(() => parsedByName(PROTOTYPES, argumentsIn));
const constants = lazily(() => parsedByName(CONSTANTS, constantSetIn));
// A bundle that asks for no release need not carry them.
const releases = /* @__PURE__ */ lazily(() => linesByName(SINCE));

function constantSet(id: string): ConstantSet {
  return constants().get(id)!();
}

function constantSets(): ConstantSet[] {
  return [...constants().values()].map((set) => set());
}

/** Of several names for one number the first counts. */
const errnosByNumber = lazily(
  () =>
    new Map(
      Object.entries(errnos())
        .reverse()
        .map(([name, errno]) => [errno, name]),
    ),
);

function errnos(): ConstantSet['values'] {
  return constantSet('errno').values;
}

/**
 * The arguments of a call, by its x86_64 prototype; undefined where x86_64 has no such call.
 * @example
 * ```js
 * import { prototypeOf } from '@callgate/engine';
 * prototypeOf('socket').map(({ name }) => name); // → ['family', 'type', 'protocol']
 * ```
 */
export function prototypeOf(name: string, abi?: AbiName): readonly Argument[] | undefined {
  const prototype = prototypes().get(name)?.();
  // CONFIG_CLONE_BACKWARDS2: the stack comes first.
  if (prototype && name === 'clone' && (abi === 's390x' || abi === 's390'))
    return [prototype[1], prototype[0], ...prototype.slice(2)];
  return prototype;
}

/**
 * What programs leave in a register for a negative value: of an argument of 32 bits they clear the upper half, most of them.
 * Source: the psABIs leave it open; gcc and clang load constants that way on x86_64 and aarch64.
 */
export function asPassed(argument: Argument | undefined, abi: Abi, value: bigint): bigint {
  const isNarrow = argument?.bits === 32 || abi.bits === 32;
  return isNarrow && value >> 31n === 0x1_ffff_ffffn ? BigInt.asUintN(32, value) : value;
}

/** The first kernel release with the call on any architecture, as "K.M"; undefined when the sources disagree. */
export function sinceOf(name: string): string | undefined {
  return releases().get(name);
}

/**
 * The name of an errno, such as EPERM.
 * @example
 * ```js
 * import { errnoName } from '@callgate/engine';
 * errnoName(1); // → 'EPERM'
 * ```
 */
export function errnoName(errno: number): string | undefined {
  return errnosByNumber().get(errno);
}

/** The number of an errno's name. */
export function errnoNumber(name: string): number | undefined {
  const values = errnos();
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

/** Every errno's name. */
export function errnoNames(): string[] {
  return Object.keys(errnos());
}

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

/**
 * An argument as people write it: decimal, 0x…, a negative number, or names joined by "|" such as CLONE_NEWUSER|SIGCHLD.
 * 64 bits, unsigned: "-1" is 2^64 - 1. Undefined when it is none of these or does not fit.
 * @example
 * ```js
 * import { parseArgument } from '@callgate/engine';
 * parseArgument('CLONE_NEWUSER|SIGCHLD'); // → 0x10000011n
 * parseArgument('nonsense'); // → undefined
 * ```
 */
export function parseArgument(text: string): bigint | undefined {
  let value = 0n;
  for (const part of text.split('|')) {
    const number = parseNumber(part.trim()) ?? constantValue(part.trim());
    if (number === undefined) return undefined;
    value |= number;
  }
  return value;
}

function parseNumber(text: string): bigint | undefined {
  if (!/^-?(0[xX][0-9a-fA-F]{1,16}|\d{1,20})$/.test(text)) return undefined;
  const magnitude = BigInt(text.replace('-', ''));
  if (magnitude > ALL_ONES) return undefined;
  if (!text.startsWith('-')) return magnitude;
  return magnitude <= 1n << 63n ? BigInt.asUintN(64, -magnitude) : undefined;
}

function constantValue(name: string): bigint | undefined {
  for (const set of constantSets())
    if (Object.hasOwn(set.values, name)) return BigInt.asUintN(64, BigInt(set.values[name]));
  return undefined;
}

/** Every constant that an argument may be written with. */
export function constantNames(): string[] {
  return constantSets().flatMap((set) => Object.keys(set.values));
}

/** Arguments that hold a value in some of their bits and flags in the others, by the set that the prototype names. */
const TWO_IN_ONE: Readonly<Record<string, { mask: bigint; value: string; flags: string }>> = {
  'mmap-flags': { mask: 0xfn, value: 'mmap-type', flags: 'mmap-flags' },
  'socket-type': { mask: 0xfn, value: 'socket-type', flags: 'socket-flags' },
  'open-flags': { mask: 3n, value: 'open-accmode', flags: 'open-flags' },
  'clone-flags': { mask: 0xffn, value: 'signal', flags: 'clone-flags' },
  'futex-op': { mask: 0x7fn, value: 'futex-op', flags: 'futex-op-flags' },
};

/** A value by its names, such as "AF_INET" or "MAP_PRIVATE|MAP_ANONYMOUS"; a plain number where it has none. */
export function formatArgument(argument: Argument, value: bigint, args: readonly bigint[]): string {
  const both = argument.set === undefined ? undefined : TWO_IN_ONE[argument.set];
  if (!both) return formatBits(argument, value, args);
  const name = exactName(constantSet(both.value), value & both.mask);
  if (name === undefined) return formatBits(argument, value, args);
  const rest = value & ~both.mask;
  const flags = flagNames(constantSet(both.flags), rest) ?? `0x${rest.toString(16)}`;
  return rest === 0n ? name : `${name}|${flags}`;
}

/** The same for a mask or a bound, whose bits stand for themselves alone. */
export function formatBits(argument: Argument, bits: bigint, args: readonly bigint[]): string {
  const id = setOf(argument, args);
  const set = id === undefined ? undefined : constantSet(id);
  const exact = set && exactName(set, bits);
  if (exact !== undefined) return exact;
  const names = set?.kind === 'flags' ? flagNames(set, bits) : undefined;
  return names ?? (bits > 0xffffn ? `0x${bits.toString(16)}` : bits.toString());
}

/** The constants that an argument takes; none where another argument that decides it has no known value. */
function setOf({ set, setWhen }: Argument, args: readonly bigint[]): string | undefined {
  return setWhen ? setWhen.find((w) => args[w.arg] === BigInt(w.value))?.set : set;
}

function exactName(set: ConstantSet, value: bigint): string | undefined {
  // A negative one may fill 32 bits or 64.
  const is = (number: bigint) => number === value || (number < 0n && same(number, value));
  return Object.entries(set.values).find(([, number]) => is(BigInt(number)))?.[0];
}

function same(negative: bigint, value: bigint): boolean {
  return BigInt.asUintN(64, negative) === value || BigInt.asUintN(32, negative) === value;
}

function flagNames(set: ConstantSet, value: bigint): string | undefined {
  const names: string[] = [];
  let rest = value;
  for (const [name, number] of Object.entries(set.values)) {
    const bits = BigInt(number);
    if (bits <= 0n || (rest & bits) !== bits) continue;
    names.push(name);
    rest &= ~bits;
  }
  if (names.length === 0) return undefined;
  return rest === 0n ? names.join('|') : `${names.join('|')}|0x${rest.toString(16)}`;
}
