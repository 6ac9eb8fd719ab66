import { type Difference, diffPolicies } from '../analysis/diff.ts';
import type { Asked } from '../edit/amend.ts';
import { NotAsAsked } from '../edit/amended.ts';
import { type Mend, mendText } from '../edit/mend.ts';
import { BUDGET_CODES } from './budget.ts';
import type { Finding } from './finding.ts';
import { withoutKnown } from './gate.ts';
import { type LintOptions, lintText } from './lint-text.ts';

/** A finding that was mended, and what that did. */
export interface Fixed {
  readonly finding: Finding;
  /** The text without it. */
  readonly text: string;
  /** What the kernel decides otherwise now; nothing where only words have gone. */
  readonly differences: readonly Difference[];
}

/** One profile of a text. */
export interface FixSubject {
  readonly name: string;
  readonly text: string;
  readonly part?: string;
}

/** More than any profile needs; the rest is found again. */
const MOST_TRIES = 1000;

/**
 * Mends what lint finds and can mend, one finding after the other: each is gone afterwards, and nothing else has changed its meaning
 * than its fix says.
 * @param isMeant whether a finding is to be mended.
 */
export function fixProfile(
  subject: FixSubject,
  options: LintOptions,
  isMeant: (finding: Finding) => boolean,
): Fixed[] {
  const fixed: Fixed[] = [];
  // What could not be mended may be after something else was; what was decided is not decided again.
  const failed = new Set<string>();
  const done = new Set<string>();
  const decided = new Map<string, Asked['kind']>();
  let now = { subject, findings: findingsOf(subject, options) };
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const [next] = inOrder(now.findings).filter(
      (finding) =>
        finding.mend &&
        isMeant(finding) &&
        !failed.has(wordsOf(finding)) &&
        !done.has(wordsOf(finding)) &&
        !undoes(finding.mend, decided),
    );
    if (!next) break;
    const one = fixOne(now.subject, now.findings, options, next);
    if (!one) {
      failed.add(wordsOf(next));
      continue;
    }
    fixed.push(one.fixed);
    now = { subject: { ...subject, text: one.fixed.text }, findings: one.findings };
    failed.clear();
    if (next.mend!.kind === 'decide') done.add(wordsOf(next));
    for (const { names, kind } of callsOf(next.mend!)) for (const name of names) decided.set(name, kind);
  }
  return fixed;
}

/** The text without each of the findings; undefined where that one cannot be mended alone. */
export function fixedTexts(
  subject: FixSubject,
  options: LintOptions,
  findings: readonly Finding[],
): (string | undefined)[] {
  const before = findings.some(({ mend }) => mend) ? findingsOf(subject, options) : [];
  return findings.map(({ code: wanted, place: { start }, mend }) => {
    const same = mend && before.find(({ code, place }) => code === wanted && place.start === start);
    return same?.mend && fixOne(subject, before, options, same)?.fixed.text;
  });
}

/** What was meant and what has no effect first: calls are decided by what stands there then. */
function inOrder(findings: readonly Finding[]): Finding[] {
  const rank = ({ mend }: Finding) => (mend?.kind === 'rename' ? 0 : mend?.kind === 'drop' ? 1 : 2);
  return findings.toSorted((a, b) => rank(a) - rank(b));
}

function callsOf(mend: Mend): readonly Asked[] {
  return mend.kind === 'decide' ? mend.calls : [];
}

/** Whether a mend would deny what another one has allowed, or the other way round. */
function undoes(mend: Mend, decided: ReadonlyMap<string, Asked['kind']>): boolean {
  return callsOf(mend).some(({ names, kind }) => names.some((name) => (decided.get(name) ?? kind) !== kind));
}

function findingsOf({ name, text, part }: FixSubject, options: LintOptions): readonly Finding[] {
  return lintText(name, text, options).find((profile) => profile.part === part)?.findings ?? [];
}

/** What tells it from others; of two alike in different places the second is another one when the first is gone. */
function wordsOf({ code, message, place }: Finding): string {
  return `${code} ${place.start} ${message}`;
}

/** One finding mended; undefined where that cannot be done without changing more, or makes something worse. */
function fixOne(
  subject: FixSubject,
  before: readonly Finding[],
  options: LintOptions,
  finding: Finding,
): { readonly fixed: Fixed; readonly findings: readonly Finding[] } | undefined {
  const mended = asProved(() =>
    mendText({ ...subject, target: options.target, unknownNames: 'skip' }, finding.mend!),
  );
  if (mended?.kind !== 'amended') return undefined;
  const after = findingsOf({ ...subject, text: mended.text }, options);
  const isGone = withoutKnown(before, after).includes(finding);
  const isWorse = withoutKnown(after, before).some(
    ({ severity, code }) =>
      severity === 'critical' ||
      Object.hasOwn(BUDGET_CODES, code) ||
      // What keeps programs from running is found anew where some of it was mended, but not by a denial.
      (denies(finding) && code.startsWith('cannot-')),
  );
  if (!isGone || isWorse) return undefined;
  const { listed } = diffPolicies(mended.before, mended.after);
  return { fixed: { finding, text: mended.text, differences: listed }, findings: after };
}

function denies({ mend }: Finding): boolean {
  return callsOf(mend!).some(({ kind }) => kind === 'deny');
}

function asProved<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (fault) {
    if (fault instanceof NotAsAsked) return undefined;
    throw fault;
  }
}
