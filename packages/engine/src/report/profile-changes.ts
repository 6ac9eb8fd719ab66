import type { Differences } from '../analysis/diff.ts';
import { acrossSettings } from '../lint/across-settings.ts';
import { BUDGET_CODES } from '../lint/budget.ts';
import type { Finding } from '../lint/finding.ts';
import { type Gated, gateChange, type Judgement } from '../lint/gate.ts';
import type { LintedProfile } from '../lint/lint-text.ts';
import { changeCounts, changesAsFindings } from './gate.ts';

/** What became of one profile of a text. */
export interface ProfileChange {
  /** Which of several profiles of the text it is. */
  readonly part?: string;
  /** How what it means has changed, in words. */
  readonly what: string;
  /** What loosens it, what lint finds that it did not find before, and all that is over a budget. */
  readonly findings: readonly Finding[];
  /** How many findings are gone. */
  readonly gone: number;
  readonly differs: boolean;
  /** Whether all differences could be listed; else any kind may be among them. */
  readonly isComplete: boolean;
}

/** What became of each profile of a text; those that could not be judged are left out. */
export function profileChanges(
  before: readonly LintedProfile[] | undefined,
  after: readonly LintedProfile[],
): ProfileChange[] {
  return after.flatMap(({ part, judged, findings }) => {
    if (!judged) return [];
    const now = { judged, findings };
    const gated = gateChange(judgementOf(formerOf(part, before)), now);
    const { differences } = gated;
    return {
      ...(part !== undefined && { part }),
      what: formerOf(part, before)?.judged ? whatOf(differences) : 'a new profile',
      findings: toldOf(gated, now),
      gone: gated.gone.length,
      differs: differences.listed.length > 0,
      isComplete: differences.isComplete,
    };
  });
}

/** The same profiles under several settings: what changes under any of them, each thing once. */
export function changesAcross(
  all: readonly { readonly label: string; readonly changes: readonly ProfileChange[] }[],
): ProfileChange[] {
  return all[0].changes.map((first) => {
    const same = all.flatMap(({ label, changes }) => {
      const change = changes.find(({ part }) => part === first.part);
      return change ? [{ label, change }] : [];
    });
    const other = first.differs ? undefined : same.find(({ change }) => change.differs);
    return {
      ...first,
      what: other ? `${other.label} ${other.change.what}` : first.what,
      findings: acrossSettings(same.map(({ label, change }) => ({ label, findings: change.findings }))),
      gone: Math.max(...same.map(({ change }) => change.gone)),
      differs: same.some(({ change }) => change.differs),
      isComplete: same.every(({ change }) => change.isComplete),
    };
  });
}

/** The profile of that name before; one that has got another, or none, is held against the only one or the first. */
function formerOf(
  part: string | undefined,
  before: readonly LintedProfile[] | undefined,
): LintedProfile | undefined {
  const same = before?.find((other) => other.part === part);
  const isOther = part === undefined || before?.some((other) => other.part === undefined);
  return same ?? (isOther ? before?.[0] : undefined);
}

function judgementOf(profile: LintedProfile | undefined): Judgement | undefined {
  return profile?.judged && { judged: profile.judged, findings: profile.findings };
}

function whatOf({ listed, isComplete }: Differences): string {
  return isComplete ? (changeCounts(listed) ?? 'no change') : 'changed in more ways than can be listed';
}

function toldOf(gated: Gated, after: Judgement): Finding[] {
  const isOver = ({ code }: Finding) => Object.hasOwn(BUDGET_CODES, code);
  const added = gated.added.filter((finding) => !isOver(finding));
  return [...changesAsFindings(gated, after, ['loosened']), ...after.findings.filter(isOver), ...added];
}
