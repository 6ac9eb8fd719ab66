import type { Span, Spanned } from '../diagnostics/span.ts';
import type { Condition, Rule } from '../profile/profile.ts';

/** One name of one rule of a profile: what a decision goes back to. */
export interface RuleOrigin {
  readonly because: 'rule';
  readonly rule: Rule;
  readonly span: Span;
}

/** What one rule of a profile says about one system call number on one ABI. */
export interface CallRule {
  readonly rule: Rule;
  /** The name that brought the rule here. */
  readonly name: Spanned<string>;
  readonly origin: RuleOrigin;
  /** The word that the filter returns. */
  readonly word: number;
  /** The multiplexer whose number this is for, such as socketcall; its sub-call number is the first condition. */
  readonly through?: string;
  /** Joined by AND. Empty: every call of that number. */
  readonly conditions: readonly Condition[];
}

/** All rules for one system call number on one ABI, in the order of the file, that say something. */
export interface CallRules {
  readonly rules: readonly CallRule[];
  /** The word of a call that meets none of them. */
  readonly byDefault: number;
  /** How many bits of an argument the ABI compares. */
  readonly bits: 32 | 64;
}

/** What became of a rule because of another one for the same call. */
export interface Fate {
  /**
   * dropped: `by` came first and decides all of it; overridden: `by` came later and replaces it;
   * conflict: the same conditions as `by` with another action, which libseccomp refuses;
   * collision: other conditions than `by`, but libseccomp compares halves of arguments and refuses it all the same.
   */
  readonly kind: 'dropped' | 'overridden' | 'conflict' | 'collision';
  readonly rule: CallRule;
  readonly by: CallRule;
}
