import type { Program } from '../bpf/instruction.ts';
import { verifyProgram } from '../bpf/verify.ts';
import { Diagram, type NodeId } from '../diagram/diagram.ts';
import { restrict, restrictArch, restrictForeign } from '../diagram/restrict.ts';
import type { Policy } from '../policy/policy.ts';
import { plainWords, stackFilters } from '../policy/stack.ts';
import { ABIS, type Abi, type AbiName, abiOf, X32_BIT } from '../syscalls/arch.ts';
import { callsOf } from '../syscalls/lookup.ts';
import { bounded } from './step-graph.ts';
import { liftProgram } from './symbolic-execution.ts';

/** A program cannot be lifted: the kernel would refuse it, or it computes too much. */
export interface LiftFault {
  /** Which of the programs, and which of its instructions. */
  readonly program: number;
  readonly at: number;
  readonly why: string;
}

export type LiftedPolicy =
  | { readonly policy: Policy; readonly fault?: undefined }
  | { readonly policy?: undefined; readonly fault: LiftFault };

/**
 * What filters stacked on one another, the newest first, decide together; none allow everything. The policy's ABIs are
 * those whose calls they decide otherwise than a foreign one's, `native` first if it is among them; `native` alone where
 * there are none. A fault where the kernel would refuse a program, or one is too complex.
 * @example
 * ```js
 * import { compilePolicy, liftPolicy, lowerProfile, parseProfile, arePoliciesEqual } from '@callgate/engine';
 * const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
 * const { value: policy } = lowerProfile(parseProfile('{"defaultAction": "SCMP_ACT_ERRNO"}').value, target);
 * const lifted = liftPolicy([compilePolicy(policy).program], 'x86_64');
 * arePoliciesEqual(lifted.policy, policy); // → true
 * ```
 */
export function liftPolicy(
  newestFirst: readonly Program[],
  native: AbiName,
  diagram = new Diagram(),
): LiftedPolicy {
  const { endian } = abiOf(native);
  const roots: NodeId[] = [];
  for (const [i, program] of newestFirst.entries()) {
    const refusal = verifyProgram(program);
    if (refusal) return { fault: { program: i, ...refusal } };
    const lifted = liftProgram(program, diagram, endian);
    if (lifted.tooComplex)
      return {
        fault: { program: i, at: lifted.tooComplex.at, why: 'what it computes is too complex to follow' },
      };
    roots.push(lifted.root);
  }
  let root: NodeId = 0;
  const tooLarge = bounded(diagram, () => {
    root = plainWords(diagram, stackFilters(diagram, roots));
  });
  if (tooLarge)
    return { fault: { program: 0, at: 0, why: 'what the filters decide together is too complex' } };
  const words = diagram.wordsOf(root);
  const index = new Map(words.map((word, i) => [word, i]));
  const reasons = diagram.map(root, (word) => index.get(word)!);
  return {
    policy: {
      diagram,
      root,
      reasons,
      stubless: reasons,
      origins: words.map(() => ({ because: 'filter' as const })),
      words,
      rules: new Map(),
      abis: coveredAbis(diagram, root, native),
      endian,
    },
  };
}

function coveredAbis(diagram: Diagram, root: NodeId, native: AbiName): Abi[] {
  const foreign = restrictForeign(diagram, root);
  const covered = ABIS.filter(
    (abi) =>
      restrictArch(diagram, root, abi.auditArch) !== foreign &&
      (abi.name !== 'x32' || knowsX32(diagram, root, abi)),
  );
  const first = covered.find((abi) => abi.name === native) ?? covered[0] ?? abiOf(native);
  return [first, ...covered.filter((abi) => abi !== first)];
}

/** Whether x32 calls are told apart, instead of being turned away together. */
function knowsX32(diagram: Diagram, root: NodeId, x32: Abi): boolean {
  const nodes = callsOf('x32').map(([, nr]) => restrict(diagram, root, x32.auditArch, nr));
  const beyond = restrict(diagram, root, x32.auditArch, X32_BIT + 0x3fff_0000);
  return nodes.some((node) => node !== nodes[0] || node !== beyond);
}
