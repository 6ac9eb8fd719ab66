import type { RuntimeDefault } from '../build/runtime-default.ts';
import { type Diagnostic, error } from '../diagnostics/diagnostic.ts';
import { lowerProfile } from '../policy/lower.ts';
import { textMeaning } from '../policy/text-meaning.ts';
import type { CarriedProfile } from '../profile/carriers.ts';
import type { Target } from '../runtime/target.ts';
import { type Budget, overBudget } from './budget.ts';
import type { Finding } from './finding.ts';
import { diagnosed, judge, worstFirst } from './judge.ts';
import { Judged, type Usual } from './judged.ts';
import { lintFacts } from './lint.ts';

/** A profile of a text, and what lint finds in it. */
export interface LintedProfile {
  /** Which of several profiles of the text it is. */
  readonly part?: string;
  readonly findings: readonly Finding[];
  /** What was judged; undefined where it means nothing on the target, */
  readonly judged?: Judged;
  /** and why. */
  readonly faults: readonly Diagnostic[];
}

/** By what profiles are judged. */
export interface LintOptions {
  readonly target: Target;
  /** With what they are compared. */
  readonly usual?: Usual;
  /** What they may not let pass. */
  readonly budgets?: readonly Budget[];
  /** The profiles of the text, where somebody has found them already. */
  readonly carried?: readonly CarriedProfile[];
}

/** What a runtime's default means on a target; undefined where it means nothing there. */
export function usualOn(target: Target, { name, profile }: RuntimeDefault): Usual | undefined {
  // It is read as its own runtime reads it.
  const { value: policy } = lowerProfile(profile, { ...target, runtime: undefined });
  return policy && { name, policy };
}

/** Each is read anew; a text with more is split. */
const MOST_PARTS = 50;

function tooMany(count: number): Diagnostic {
  return error(
    'several-profiles',
    `the text holds ${count} profiles, and ${MOST_PARTS} of them were judged`,
    { start: 0, end: 0 },
    'name the others one by one, or split the file',
  );
}

/** Judges every profile of a text; the name's ending tells JSON from YAML. Names that no table has are findings. */
export function lintText(name: string, text: string, options: LintOptions): LintedProfile[] {
  const whole = lintPart(name, text, options, undefined);
  const parts = whole.faults.flatMap(({ remedy }) => (remedy?.kind === 'choose-part' ? remedy.parts : []));
  if (parts.length === 0) return [whole];
  const judged = parts.slice(0, MOST_PARTS).map((part) => lintPart(name, text, options, part));
  return parts.length > MOST_PARTS ? [...judged, { findings: [], faults: [tooMany(parts.length)] }] : judged;
}

function lintPart(
  name: string,
  text: string,
  { target, usual, budgets = [], carried }: LintOptions,
  part: string | undefined,
): LintedProfile {
  const about = { ...(part !== undefined && { part }) };
  const meaning = textMeaning({ name, text, target, part, carried, unknownNames: 'skip' });
  if (meaning.kind === 'faulty') return { ...about, findings: [], faults: meaning.diagnostics };
  const { profile, policy, facts, diagnostics } = meaning;
  const abis = policy.abis.map((abi) => abi.name);
  const judged = new Judged(profile, target, policy, facts, usual);
  const said = [...diagnostics, ...lintFacts(facts, abis)];
  const over = budgets.flatMap((budget) => [...overBudget(judged, budget)]);
  const findings = worstFirst([...over, ...said.map(diagnosed), ...judge(judged)]);
  return { ...about, judged, findings, faults: [] };
}
