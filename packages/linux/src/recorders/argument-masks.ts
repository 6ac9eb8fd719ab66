import { worthOf } from '@callgate/engine/internal/recording/worthwhile-arguments';
import { type AbiName, abiOf } from '@callgate/engine/internal/syscalls/arch';
import { prototypeOf } from '@callgate/engine/internal/syscalls/arguments';
import { nameOf } from '@callgate/engine/internal/syscalls/lookup';

const LOW = 0xffff_ffffn;
const ALL = 0xffff_ffff_ffff_ffffn;

/** For each argument of a call the bits that are worth keeping; undefined when none are. */
export function argumentMasks(arch: AbiName, name: string): bigint[] | undefined {
  const prototype = prototypeOf(name);
  return worthOf(name)?.map((wanted, i) => {
    if (!wanted) return 0n;
    return abiOf(arch).bits === 64 && prototype?.[i]?.bits === 64 ? ALL : LOW;
  });
}

/** What of a call's arguments is worth keeping, other bits zero; undefined when nothing is. */
export function worthyArguments(arch: AbiName, nr: number, args: readonly bigint[]): bigint[] | undefined {
  const name = nameOf(arch, nr);
  return name === undefined ? undefined : argumentMasks(arch, name)?.map((mask, i) => args[i] & mask);
}
