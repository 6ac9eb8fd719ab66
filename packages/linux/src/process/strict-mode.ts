import { ALLOW_WORD, KILL_THREAD_WORD } from '@callgate/engine/internal/bpf/action';
import { type Instruction, instruction, type Program } from '@callgate/engine/internal/bpf/instruction';
import { JEQ_K, LD_ABS, RET_K } from '@callgate/engine/internal/bpf/opcodes';
import { ARCH_OFFSET, NR_OFFSET } from '@callgate/engine/internal/bpf/seccomp-data';
import { type Abi, abiOf } from '@callgate/engine/internal/syscalls/arch';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';

/** mode1_syscalls of kernel/seccomp.c, and of asm/seccomp.h for 32-bit programs, which have sigreturn. */
const CALLS = ['read', 'write', 'exit', 'rt_sigreturn'];
const CALLS_OF_32_BITS = ['read', 'write', 'exit', 'sigreturn'];

/** A filter that decides as the kernel does for a thread in strict mode, which has none. */
export function strictModeProgram(abi: Abi): Program {
  const compat = abi.subAbis.map(abiOf).filter(({ auditArch }) => auditArch !== abi.auditArch);
  return [
    instruction(LD_ABS, ARCH_OFFSET),
    ...callsOn(abi, CALLS),
    ...compat.flatMap((sub) => callsOn(sub, CALLS_OF_32_BITS)),
    instruction(RET_K, KILL_THREAD_WORD),
  ];
}

/** What is executed on one ABI; past it all where the accumulator has another architecture. */
function callsOn({ name, auditArch }: Abi, calls: readonly string[]): Instruction[] {
  const numbers = calls.map((call) => numberOf(name, call)).filter((nr) => nr !== undefined);
  const decided = [
    instruction(LD_ABS, NR_OFFSET),
    ...numbers.map((nr, i) => instruction(JEQ_K, nr, numbers.length - i)),
    instruction(RET_K, KILL_THREAD_WORD),
    instruction(RET_K, ALLOW_WORD),
  ];
  return [instruction(JEQ_K, auditArch, 0, decided.length), ...decided];
}
