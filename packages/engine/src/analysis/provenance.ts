import type { Program } from '../bpf/instruction.ts';
import { reachingCalls } from '../lift/execute.ts';
import type { Policy } from '../policy/policy.ts';

/** Which rules an instruction serves, and the other way round. */
export interface Provenance {
  /** For each instruction the origins, as indices into Policy.origins, of the calls that run it. */
  readonly byInstruction: readonly (readonly number[])[];
  /** For each origin the instructions that its calls run. Empty: no call is decided by it. */
  readonly byOrigin: readonly (readonly number[])[];
}

/** Follows every call of a policy through a program made from it; undefined when the program is too complex for that. */
export function provenanceOf(policy: Policy, program: Program): Provenance | undefined {
  const { diagram, reasons, origins } = policy;
  const reaching = reachingCalls(program, diagram, policy.endian);
  if (!reaching) return undefined;
  const nobody = origins.length;
  const byInstruction = reaching.map((calls) =>
    diagram
      .reachable(diagram.choose(calls, reasons, diagram.terminal(nobody)))
      .filter((id) => diagram.isTerminal(id) && diagram.word(id) !== nobody)
      .map((id) => diagram.word(id))
      .sort((a, b) => a - b),
  );
  const byOrigin: number[][] = origins.map(() => []);
  byInstruction.forEach((indices, at) => {
    for (const origin of indices) byOrigin[origin].push(at);
  });
  return { byInstruction, byOrigin };
}
