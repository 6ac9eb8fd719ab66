import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { aarch64 } from './aarch64.ts';
import { arm } from './arm.ts';
import type { InstructionSet } from './instruction-set.ts';
import { x86 } from './x86.ts';
import { x86_64 } from './x86-64.ts';

/** The ABIs for which callgate can write programs. */
const INSTRUCTION_SETS: readonly InstructionSet[] = [x86_64, x86, aarch64, arm];

/** How programs are written for an ABI; undefined where callgate cannot write any. */
export function instructionSetOf(abi: AbiName): InstructionSet | undefined {
  return INSTRUCTION_SETS.find((set) => set.abi === abi);
}
