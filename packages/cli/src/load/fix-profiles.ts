import { type Fixed, fixProfile } from '@callgate/engine/internal/lint/fix';
import { lintText } from '@callgate/engine/internal/lint/lint-text';
import type { LocatedFinding } from '@callgate/engine/internal/report/findings';
import { printable } from '@callgate/engine/internal/report/words';
import { CliFailure } from '../context.ts';
import type { HouseRules } from './house-rules.ts';
import { type LintInput, locatedFindings } from './lint-subject.ts';

/** A finding that was mended, where it was, and what that did. */
export interface LocatedFix extends Pick<Fixed, 'differences'> {
  readonly finding: LocatedFinding;
}

/** A text, and what of it was mended. */
export interface FixedInput {
  readonly text: string;
  readonly fixes: readonly LocatedFix[];
}

/** Mends what can be mended in every profile of a text, for each setting in turn; what is suppressed stays. */
export async function fixProfiles(input: LintInput, house: HouseRules): Promise<FixedInput> {
  const { name, isStock } = input;
  if (isStock || name === '-' || name.startsWith('git:'))
    throw new CliFailure(`--fix changes files, and ${printable(name)} is none`);
  if (input.carried)
    throw new CliFailure(
      `--fix changes profiles in JSON and YAML, and ${printable(name)} is ${input.carried.carrier.about}`,
    );
  const fixes: LocatedFix[] = [];
  let { text } = input;
  for (const { options } of await house.settingsFor(name))
    for (const { part } of lintText(name, text, options)) {
      const isMeant = (finding: Fixed['finding']) => house.consider(name, [finding]).findings.length > 0;
      for (const { finding, differences, text: mended } of fixProfile(
        { name, text, part },
        options,
        isMeant,
      )) {
        const [at] = locatedFindings([finding], { name, text }, part);
        fixes.push({ finding: at, differences });
        text = mended;
      }
    }
  return { text, fixes };
}
