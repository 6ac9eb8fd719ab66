import { type Diagnostic, hasErrors } from '../diagnostics/diagnostic.ts';
import { type ParseOptions, parseProfile } from '../profile/parse.ts';
import type { Profile } from '../profile/profile.ts';
import { readsExactKeys } from '../runtime/dialects/choose.ts';
import type { Fact } from '../runtime/fact.ts';
import type { Target } from '../runtime/target.ts';
import { formatOf } from '../source/read.ts';
import { lowerProfile } from './lower.ts';
import type { Policy } from './policy.ts';

/** A text with a profile, and on what it is to mean something. */
export interface ProfileText extends Pick<ParseOptions, 'unknownNames' | 'part' | 'carried'> {
  /** Of the file; its ending tells JSON from YAML. */
  readonly name: string;
  readonly text: string;
  readonly target: Target;
}

/** What a profile's text means on a target, or why it means nothing there. */
export type TextMeaning =
  | {
      readonly kind: 'meant';
      readonly profile: Profile;
      readonly policy: Policy;
      readonly facts: readonly Fact[];
      readonly diagnostics: readonly Diagnostic[];
    }
  | { readonly kind: 'faulty'; readonly diagnostics: readonly Diagnostic[] };

/** Reads a profile as the target's runtime reads it, and finds its meaning. */
export function textMeaning(subject: ProfileText): TextMeaning {
  const { name, text, target, unknownNames, part, carried } = subject;
  const { value: profile, diagnostics: ofReading } = parseProfile(text, {
    format: formatOf(text, name),
    exactKeys: readsExactKeys(target.runtime),
    unknownNames,
    part,
    carried,
  });
  const lowered = profile && lowerProfile(profile, target);
  const diagnostics = [...ofReading, ...(lowered?.diagnostics ?? [])];
  if (!profile || !lowered?.value || hasErrors(diagnostics)) return { kind: 'faulty', diagnostics };
  return { kind: 'meant', profile, policy: lowered.value, facts: lowered.facts, diagnostics };
}
