import { suggest } from '../diagnostics/suggest.ts';
import type { Call } from '../diagram/fields.ts';
import type { Target } from '../runtime/target.ts';
import { type Abi, abiOf } from '../syscalls/arch.ts';
import { asPassed, constantNames, parseArgument, prototypeOf } from '../syscalls/arguments.ts';
import { isKnownName, nameOf, numberOf } from '../syscalls/lookup.ts';
import { meantCall } from '../syscalls/meant-call.ts';

/** One call of the kernel's interface, as somebody asks about it. */
export interface AskedCall {
  readonly abi: Abi;
  readonly nr: number;
  /** Its name, or its number where it has none. */
  readonly name: string;
  /** Six, as programs pass them: negative ones of 32 bits zero-extended. */
  readonly args: readonly bigint[];
  /** The same with negative ones sign-extended. */
  readonly signExtended: readonly bigint[];
}

/** What is wrong with a question, and what was meant, if that can be guessed. */
export type AskingFault =
  | { readonly kind: 'too-many-arguments'; readonly count: number }
  | { readonly kind: 'no-such-call'; readonly name: string; readonly meant?: string }
  | { readonly kind: 'not-on-this-abi'; readonly name: string; readonly abi: Abi }
  | {
      readonly kind: 'no-such-value';
      readonly argument: number;
      readonly text: string;
      readonly meant?: string;
    };

/** The number that a text is, decimal or 0x…; undefined for a name. */
export function callNumber(text: string): number | undefined {
  return /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : undefined;
}

/**
 * The call that a name or number and arguments such as "AF_UNIX", "0x2a" or "-1" mean on an ABI; what is not
 * given is 0. A `fault` where it is none.
 * @example
 * ```js
 * import { abiOf, askedCall } from '@callgate/engine';
 * askedCall('socket', ['AF_VSOCK'], abiOf('x86_64')).args[0]; // → 40n
 * askedCall('pread', [], abiOf('x86_64')).fault.meant; // → 'pread64'
 * ```
 */
export function askedCall(
  syscall: string,
  args: readonly string[],
  abi: Abi,
): AskedCall | { readonly fault: AskingFault } {
  if (args.length > 6) return { fault: { kind: 'too-many-arguments', count: args.length } };
  const nr = callNumber(syscall) ?? numberOf(abi.name, syscall);
  if (nr === undefined || nr > 0xffffffff) return { fault: missing(syscall, abi) };
  const name = nameOf(abi.name, nr) ?? String(nr);
  const values = args.map(parseArgument);
  const bad = values.indexOf(undefined);
  if (bad >= 0) {
    const text = args[bad];
    return { fault: { kind: 'no-such-value', argument: bad, text, meant: suggest(text, constantNames()) } };
  }
  const signExtended = Array.from({ length: 6 }, (_, i) => values[i] ?? 0n);
  // A number without a sign stands for all 64 bits of the register.
  const isExact = (i: number) => /^\d/.test(args[i] ?? '');
  const prototype = prototypeOf(name, abi.name);
  const passed = signExtended.map((value, i) => (isExact(i) ? value : asPassed(prototype?.[i], abi, value)));
  // A register of 32 bits has no upper half.
  return { abi, nr, name, args: passed, signExtended: abi.bits === 32 ? passed : signExtended };
}

/**
 * The call as the filter sees it.
 * @example
 * ```js
 * import { abiOf, askedCall, callOf } from '@callgate/engine';
 * callOf(askedCall('mkdir', [], abiOf('x86_64'))).nr; // → 83
 * ```
 */
export function callOf({ abi, nr, args }: Pick<AskedCall, 'abi' | 'nr' | 'args'>): Call {
  return { arch: abi.auditArch, nr, args };
}

/**
 * Who calls, and on what target the profile is read. One ABI of the machine alone says on which the call is made, and the
 * profile is read as ever: a call of x86 under a profile that does not cover it is what many ask about. Several, or those
 * of other machines, say what the profile covers.
 */
export function askedOn(target: Target, machine: Abi): { readonly target: Target; readonly abi: Abi } {
  const { abis, native } = target;
  const abi = abiOf(abis?.[0] ?? native);
  const isOurs = abi === machine || machine.subAbis.includes(abi.name);
  if (abis?.length !== 1 || !isOurs) return { target, abi };
  return { target: { ...target, native: machine.name, abis: undefined }, abi };
}

function missing(name: string, abi: Abi): AskingFault {
  return isKnownName(name)
    ? { kind: 'not-on-this-abi', name, abi }
    : { kind: 'no-such-call', name, meant: meantCall(name) };
}
