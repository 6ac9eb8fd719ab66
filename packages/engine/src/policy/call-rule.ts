import type { Condition, Rule } from '../profile/profile.ts';
import type { Spanned } from '../source/span.ts';

/** What one rule of a profile says about one system call number on one ABI. */
export interface CallRule {
  readonly rule: Rule;
  /** The name that brought the rule here. */
  readonly name: Spanned<string>;
  /** The word that the filter returns. */
  readonly word: number;
  /** Joined by AND. Empty: every call of that number. */
  readonly conditions: readonly Condition[];
}

/** What became of a rule because of another one for the same call. */
export interface Fate {
  /**
   * dropped: `by` came first and decides all of it; overridden: `by` came later and replaces it;
   * conflict: the same conditions as `by` with another action, which libseccomp refuses.
   */
  readonly kind: 'dropped' | 'overridden' | 'conflict';
  readonly rule: CallRule;
  readonly by: CallRule;
}
