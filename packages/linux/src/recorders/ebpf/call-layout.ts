import type { KernelTypes } from '../../ebpf/btf.ts';
import { CALL_MACHINE, type CallMachine } from './call-machine.ts';

/** Where this kernel keeps what CallMachine names, in bytes from the beginning of a call's registers. */
export interface CallLayout {
  readonly number: number;
  readonly wideArguments: readonly number[];
  readonly narrowArguments: readonly number[];
}

const WORD = 8;

/** Undefined when the kernel does not name one of them. */
export function callLayoutOf(types: KernelTypes): CallLayout | undefined {
  if (!CALL_MACHINE) return undefined;
  const { number, wideArguments, narrowArguments } = CALL_MACHINE;
  const register = (member: string, index = 0) =>
    (types.memberOffset('pt_regs', member) ?? Number.NaN) + index * WORD;
  const registers = (members: CallMachine['wideArguments']) =>
    members.map(([member, index]) => register(member, index));
  const layout = {
    number: register(number),
    wideArguments: registers(wideArguments),
    narrowArguments: registers(narrowArguments),
  };
  const offsets = [layout.number, ...layout.wideArguments, ...layout.narrowArguments];
  return offsets.some(Number.isNaN) ? undefined : layout;
}
