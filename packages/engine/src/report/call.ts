import type { AbiName } from '../syscalls/arch.ts';
import { formatArgument, prototypeOf } from '../syscalls/arguments.ts';
import { nameOf } from '../syscalls/lookup.ts';

/** A call with its arguments, by name where the call has a prototype: socket(family=AF_UNIX, type=1, protocol=0). */
export function formatCall(name: string | undefined, args: readonly bigint[], abi?: AbiName): string {
  return `${name ?? 'syscall'}(${argumentTexts(name, args, abi).join(', ')})`;
}

/** The same without arguments that are zero. */
export function formatCallBriefly(name: string | undefined, args: readonly bigint[], abi?: AbiName): string {
  const texts = argumentTexts(name, args, abi);
  const shown = texts.filter((_, i) => args[i] !== 0n);
  return `${name ?? 'syscall'}(${(shown.length > 0 ? shown : texts.slice(0, 1)).join(', ')})`;
}

function argumentTexts(name: string | undefined, args: readonly bigint[], abi?: AbiName): string[] {
  const prototype = name === undefined ? undefined : prototypeOf(name, abi);
  return prototype
    ? prototype.map((argument, i) => `${argument.name}=${formatArgument(argument, args[i], args)}`)
    : args.map((value, i) => `arg${i}=0x${value.toString(16)}`);
}

/** A call by its name, or its number, with the ABI in front where that is not `native`. */
export function callLabel(arch: AbiName, nr: number, native: AbiName): string {
  return (arch === native ? '' : `${arch}/`) + (nameOf(arch, nr) ?? nr);
}
