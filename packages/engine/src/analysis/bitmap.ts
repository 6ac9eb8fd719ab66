import { ALLOW_WORD } from '../bpf/action.ts';
import type { Program } from '../bpf/instruction.ts';
import * as op from '../bpf/opcodes.ts';
import { ARCH_OFFSET, NR_OFFSET } from '../bpf/seccomp-data.ts';
import { compareKernels, type KernelVersion } from '../profile/profile.ts';
import type { Abi, AbiName } from '../syscalls/arch.ts';
import { callsOf } from '../syscalls/lookup.ts';

/** Why the kernel runs the filter for a number, though its bitmap might answer. */
export type Uncached =
  /** The filter may return something else than ALLOW. */
  | { readonly why: 'action'; readonly word: number }
  /** It reads more than arch and nr on the way, or computes what the kernel does not follow. */
  | { readonly why: 'instruction'; readonly at: number; readonly program: number };

/** One number of an ABI and what the bitmap does about it. */
export interface CachedCall {
  readonly name: string;
  readonly nr: number;
  /** Undefined: the bitmap answers. */
  readonly uncached?: Uncached;
}

/**
 * Which known calls of an ABI the kernel answers from its bitmap, without running filters at all (since 5.11; the native
 * ABI and its compatible 32-bit one, never x32). Mirrors kernel/seccomp.c: seccomp_cache_prepare_bitmap.
 */
export function cachedCalls(programs: readonly Program[], abi: Abi): CachedCall[] {
  return callsOf(abi.name).map(([name, nr]) => {
    const uncached = whyUncached(programs, abi.auditArch, nr);
    return { name, nr, ...(uncached && { uncached }) };
  });
}

/** How many of the calls the bitmap answers. */
export function countCached(calls: readonly CachedCall[]): number {
  return calls.filter((call) => !call.uncached).length;
}

function whyUncached(programs: readonly Program[], arch: number, nr: number): Uncached | undefined {
  for (const [i, program] of programs.entries()) {
    const answer = constantAnswer(program, arch, nr);
    if ('at' in answer) return { why: 'instruction', at: answer.at, program: i };
    if (answer.word !== ALLOW_WORD) return { why: 'action', word: answer.word };
  }
  return undefined;
}

/** seccomp_is_const_allow: the word for a number as far as only these instructions decide it. */
function constantAnswer(program: Program, arch: number, nr: number): { word: number } | { at: number } {
  let a = 0;
  for (let at = 0; at < program.length; at++) {
    const { code, jt, jf, k } = program[at];
    switch (code) {
      case op.LD_ABS:
        if (k !== NR_OFFSET && k !== ARCH_OFFSET) return { at };
        a = k === NR_OFFSET ? nr : arch;
        break;
      case op.RET_K:
        return { word: k };
      case op.JA:
        at += k;
        break;
      case op.JEQ_K:
        at += a === k ? jt : jf;
        break;
      case op.JGE_K:
        at += a >= k ? jt : jf;
        break;
      case op.JGT_K:
        at += a > k ? jt : jf;
        break;
      case op.JSET_K:
        at += (a & k) !== 0 ? jt : jf;
        break;
      case op.AND_K:
        a = (a & k) >>> 0;
        break;
      default:
        return { at };
    }
  }
  return { at: program.length - 1 };
}

/** The native ABIs whose kernels keep a bitmap, and the 32-bit ABI for which they keep another (SECCOMP_ARCH_COMPAT). */
const COMPATIBLE: Readonly<Partial<Record<AbiName, AbiName | 'none'>>> = {
  x86_64: 'x86',
  x86: 'none',
  aarch64: 'arm',
  arm: 'none',
  riscv64: 'none',
  s390x: 's390',
  ppc64le: 'none',
  ppc64: 'ppc',
  ppc: 'none',
  loongarch64: 'none',
};
const FIRST_KERNEL: KernelVersion = { major: 5, minor: 11 };

/** Of the ABIs of a policy, the native one first, those that a kernel keeps a bitmap for. */
export function cachedAbis(abis: readonly Abi[], kernel: KernelVersion): Abi[] {
  const [native] = abis;
  const compatible = COMPATIBLE[native.name];
  if (compatible === undefined || compareKernels(kernel, FIRST_KERNEL) < 0) return [];
  return abis.filter((abi) => abi === native || abi.name === compatible);
}
