/** A place in a program's data: a named block, and so many bytes behind its beginning. */
export interface Place {
  readonly block: string;
  readonly plus?: number;
}

/** A number, the address of a place, or what the word at a place holds when the step runs. */
export type Value = number | bigint | { readonly address: Place } | { readonly word: Place };

/** When a jump is taken: what the word at a place holds, as a signed number. */
export interface Condition {
  readonly word: Place;
  readonly is: 'equal' | 'different' | 'less';
  /** What it is compared with: fits into 12 bits, the least that an instruction set here offers. */
  readonly to: number;
}

/** One step of a program. Steps share nothing but words in memory, so an ABI can encode each by itself. */
export type Step =
  | {
      readonly kind: 'syscall';
      readonly nr: Value;
      /** At most six. */
      readonly args: readonly Value[];
      /** Where the kernel's result goes: negative errno when the call failed. */
      readonly result?: Place;
      /** Through int 0x80, as i386 programs call: on x86_64 alone. */
      readonly gate?: 'x86';
    }
  | { readonly kind: 'store'; readonly value: Value; readonly to: Place }
  | { readonly kind: 'label'; readonly name: string }
  | { readonly kind: 'jump'; readonly to: string; readonly when?: Condition }
  /** Writes the low 32 bits of a word as eight letters, the highest four bits first: A for 0 up to P for 15. */
  | { readonly kind: 'spell'; readonly word: Place; readonly to: Place }
  /** Ends the process by a signal, without any system call: SIGILL, or SIGTRAP for a trap and SIGSEGV for an access. */
  | { readonly kind: 'fault'; readonly as?: 'trap' | 'access' };

/** How far the highest four bits are to be shifted down, then the next ones, and so on: one letter each. */
export const SPELLED_SHIFTS: readonly number[] = [28, 24, 20, 16, 12, 8, 4, 0];
/** The letter for 0. */
export const FIRST_LETTER = 0x41;

/** A block of data that the program may change: bytes, words, so many bytes of zeros, or a place that it maps by itself. */
export interface Block {
  readonly name: string;
  readonly content: Uint8Array | readonly Value[] | number | { readonly mappedAt: number };
}

/** What a program does, whatever machine it is for. Execution begins at the first step. */
export interface MachineProgram {
  readonly steps: readonly Step[];
  readonly data: readonly Block[];
  /** What lies at CONSTANTS_AT and cannot be written to, whatever else the program has. */
  readonly constants?: Uint8Array;
}

/** A fixed address, the same in the program of every ABI. */
export const CONSTANTS_AT = 0x400100;
