import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import type { Place, Step } from './steps.ts';

/** Where labels and places have come to lie. */
export interface Addresses {
  label(name: string): number;
  place(place: Place): number;
}

/** How the steps of a program are written for one ABI. */
export interface InstructionSet {
  readonly abi: AbiName;
  /** ELFCLASS32 or ELFCLASS64 (elf.h). */
  readonly elfClass: 1 | 2;
  /** e_machine of the ELF header, and e_flags where the kernel looks at them. */
  readonly machine: number;
  readonly flags?: number;
  readonly wordSize: 4 | 8;
  /** The code of a step that begins at an address. Its length must not depend on where labels are. */
  encode(step: Step, at: number, addresses: Addresses): Uint8Array;
}
