import type { Program } from '../bpf/instruction.ts';
import { reachingCalls } from '../lift/symbolic-execution.ts';
import type { Policy } from '../policy/policy.ts';
import type { Profile, Rule } from '../profile/profile.ts';
import { resolveProfile } from '../runtime/resolve.ts';
import { runtimeRules } from '../runtime/runtime-rules.ts';
import type { Target } from '../runtime/target.ts';

/** Which rules an instruction serves, and the other way round. */
export interface Provenance {
  /** For each instruction the origins, as indices into Policy.origins, of the calls that run it. */
  readonly byInstruction: readonly (readonly number[])[];
  /** For each origin the instructions that its calls run. Empty: no call is decided by it. */
  readonly byOrigin: readonly (readonly number[])[];
}

/**
 * Why a rule decides nothing. scope: its includes or excludes keep it out on this target; default: it says what the
 * default action says; absent: no ABI in use has its calls; others: other rules decide all of its calls.
 */
export type Death = 'scope' | 'default' | 'absent' | 'others';

/** Why a rule of the profile to which no instruction belongs is dead on the target. */
export function deathOf(profile: Profile, target: Target, { abis }: Policy, rule: Rule): Death {
  const resolved = resolveProfile(profile, target);
  const applied = resolved.rules.find((r) => r.index === rule.index);
  if (!applied) return 'scope';
  const isThere = (name: string) => abis.some((abi) => resolved.numberOf(abi, name) !== undefined);
  if (!applied.names.some((name) => isThere(name.value))) return 'absent';
  const calls = runtimeRules(profile, resolved).value?.calls ?? [];
  return calls.some((call) => call.rule.index === rule.index) ? 'others' : 'default';
}

/** Follows every call of a policy through a program made from it; undefined when the program is too complex for that. */
export function provenanceOf(policy: Policy, program: Program): Provenance | undefined {
  const { diagram, reasons, origins } = policy;
  const reaching = reachingCalls(program, diagram, policy.endian);
  if (!reaching) return undefined;
  const nobody = origins.length;
  const byInstruction = reaching.map((calls) =>
    diagram
      .wordsOf(diagram.choose(calls, reasons, diagram.terminal(nobody)))
      .filter((index) => index !== nobody)
      .sort((a, b) => a - b),
  );
  const byOrigin: number[][] = origins.map(() => []);
  byInstruction.forEach((indices, at) => {
    for (const origin of indices) byOrigin[origin].push(at);
  });
  return { byInstruction, byOrigin };
}
