import { type Differences, diffPolicies } from '../analysis/diff.ts';
import type { Finding } from './finding.ts';
import type { Judged } from './judged.ts';

/** A profile that was judged. */
export interface Judgement {
  readonly judged: Judged;
  readonly findings: readonly Finding[];
}

/** What a change to a profile does. */
export interface Gated {
  /** What the kernel decides otherwise than before; nothing for a profile that is new. */
  readonly differences: Differences;
  /** What lint finds now and did not find before; of a new profile all of it. */
  readonly added: readonly Finding[];
  /** What it found before and does not find any more. */
  readonly gone: readonly Finding[];
}

/** What the change from one profile to the next does; without a first one, what the new profile brings. */
export function gateChange(before: Judgement | undefined, after: Judgement): Gated {
  const nothing: Differences = { listed: [], isComplete: true };
  return {
    differences: before ? diffPolicies(before.judged.policy, after.judged.policy) : nothing,
    added: withoutKnown(after.findings, before?.findings ?? []),
    gone: withoutKnown(before?.findings ?? [], after.findings),
  };
}

/** The findings that the others have not, wherever in the text they stand; each of the others counts once. */
export function withoutKnown(findings: readonly Finding[], others: readonly Finding[]): Finding[] {
  const known = new Map<string, number>();
  for (const finding of others) known.set(keyOf(finding), (known.get(keyOf(finding)) ?? 0) + 1);
  return findings.filter((finding) => {
    const left = known.get(keyOf(finding)) ?? 0;
    known.set(keyOf(finding), left - 1);
    return left <= 0;
  });
}

function keyOf({ code, identity, message }: Finding): string {
  return `${code} ${identity ?? message}`;
}
