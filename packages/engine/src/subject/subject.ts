import type { Program } from '../bpf/instruction.ts';
import type { Diagnostic, Result } from '../diagnostics/diagnostic.ts';
import { type LiftFault, liftPolicy } from '../lift/lift-policy.ts';
import { lintFacts } from '../lint/lint.ts';
import type { Policy } from '../policy/policy.ts';
import { textMeaning } from '../policy/text-meaning.ts';
import type { ParseOptions } from '../profile/parse.ts';
import type { Profile } from '../profile/profile.ts';
import type { Target } from '../runtime/target.ts';
import { lineMap, type Position } from '../source/line-map.ts';

/** A filter as somebody has named it, and what it means on a target. */
export interface Subject {
  readonly name: string;
  readonly target: Target;
  readonly policy: Policy;
  /** Where it is a profile. */
  readonly source?: ProfileSource;
  /** Where it is made of programs, the newest first. */
  readonly programs?: readonly Program[];
}

/** A profile and its text. */
export interface ProfileSource {
  readonly profile: Profile;
  /** Where an offset of the text is. */
  positionOf(offset: number): Position;
}

/** Whether bytes are struct sock_filter[] rather than text: those have zero bytes, text has none. */
export function isProgram(name: string, bytes: Uint8Array): boolean {
  return name.endsWith('.bpf') || (bytes.includes(0) && bytes.length % 8 === 0);
}

/**
 * A profile's text as a subject; the name's ending tells JSON from YAML. Without a value the diagnostics say why; with
 * one, `warnings` finds what else is worth saying.
 */
export function profileSubject(
  name: string,
  text: string,
  target: Target,
  options: Pick<ParseOptions, 'unknownNames' | 'part' | 'carried'> = {},
): Result<Subject> & { warnings(): Diagnostic[] } {
  const meaning = textMeaning({ name, text, target, ...options });
  if (meaning.kind === 'faulty') return { ...meaning, warnings: () => [] };
  const { profile, policy, facts, diagnostics } = meaning;
  const source = { profile, positionOf: lineMap(text) };
  const abis = policy.abis.map((abi) => abi.name);
  return {
    value: { name, target, policy, source },
    diagnostics,
    warnings: () => [...diagnostics, ...lintFacts(facts, abis)].filter((d) => d.severity === 'warning'),
  };
}

/** Stacked programs, the newest first, as a subject. */
export function programSubject(
  name: string,
  programs: readonly Program[],
  target: Target,
): { readonly value: Subject } | { readonly fault: LiftFault } {
  const lifted = liftPolicy(programs, target.native);
  return lifted.policy
    ? { value: { name, target, policy: lifted.policy, programs } }
    : { fault: lifted.fault };
}
