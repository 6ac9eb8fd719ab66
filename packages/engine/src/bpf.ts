/** Classic BPF as seccomp takes it: encoding, text, the kernel's verifier, a virtual machine, and the actions. */
export { type Action, type ActionKind, actionOfWord, actionWord } from './bpf/action.ts';
export { type Assembled, type AssemblyFault, assemble } from './bpf/assemble.ts';
export { disassemble } from './bpf/disassemble.ts';
export { decodeProgram, encodeProgram } from './bpf/encode.ts';
export type { Instruction, Program } from './bpf/instruction.ts';
export { readListing } from './bpf/read-listing.ts';
export { verifyProgram } from './bpf/verify.ts';
export { runProgram, type SeccompData } from './bpf/vm.ts';
