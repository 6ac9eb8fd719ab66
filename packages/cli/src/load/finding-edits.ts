import type { Finding } from '@callgate/engine/internal/lint/finding';
import { type FixSubject, fixedTexts } from '@callgate/engine/internal/lint/fix';
import type { LintOptions } from '@callgate/engine/internal/lint/lint-text';
import { type LocatedFinding, replacementIn } from '@callgate/engine/internal/report/findings';

/** Findings with the change of the text by which each goes, where there is one; for who offers it, such as an editor. */
export function withEdits(
  findings: readonly LocatedFinding[],
  same: readonly Finding[],
  subject: FixSubject,
  options: LintOptions,
): LocatedFinding[] {
  const texts = fixedTexts(subject, options, same);
  return findings.map((finding, i) => {
    const text = texts[i];
    return text === undefined ? finding : { ...finding, edit: replacementIn(subject.text, text) };
  });
}
