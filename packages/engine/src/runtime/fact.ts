import type { Span, Spanned } from '../diagnostics/span.ts';
import type { CallRule } from '../libseccomp/call-rule.ts';
import type { ActionName, Condition, Rule } from '../profile/profile.ts';
import type { AbiName } from '../syscalls/arch.ts';

/** Another rule for the same call on one ABI has to do with what became of this one. */
export interface RuleFact {
  /**
   * rule-dropped: `by` came first and decides all of it; rule-overridden: `by` came later and replaces it;
   * rule-shadowed: `by` and others, which libseccomp asks first, leave nothing to it;
   * rules-overlap: `by` is asked first and has another action for some of its calls.
   */
  readonly kind: 'rule-dropped' | 'rule-overridden' | 'rule-shadowed' | 'rules-overlap';
  readonly abi: AbiName;
  readonly rule: CallRule;
  readonly by: CallRule;
}

/** What a condition of a rule comes to. */
export interface ConditionFact {
  /**
   * value-cut: the ABI compares 32 bits, so the upper half of the value is lost; condition-overwritten: a multiplexer's
   * sub-call number takes the place of this condition on argument 0; mask-empty: every value meets it; mask-drops-bits:
   * bits of valueTwo lie outside the mask; conditions-split: it is the second on its argument, so any one of the rule's
   * conditions is enough.
   */
  readonly kind:
    | 'value-cut'
    | 'condition-overwritten'
    | 'mask-empty'
    | 'mask-drops-bits'
    | 'conditions-split';
  /** Where it does not hold on every ABI. */
  readonly abi?: AbiName;
  readonly rule: Rule;
  /** The call by which the condition was met, where that matters. */
  readonly name?: string;
  readonly condition: Condition;
}

/** Something that lowering saw and would otherwise forget. A fact is no sentence and no judgement: lint makes these. */
export type Fact =
  | RuleFact
  | ConditionFact
  /** No call of the ABI can meet the conditions together. */
  | { readonly kind: 'condition-never-holds'; readonly abi: AbiName; readonly rule: CallRule }
  /** None of the ABIs in use has the call. */
  | {
      readonly kind: 'absent-everywhere';
      readonly abis: readonly AbiName[];
      readonly rule: CallRule;
      /** What every call gets that no rule is for, as SECCOMP_RET_*. */
      readonly byDefault: number;
    }
  /** The rule says what the default action says, so the runtime leaves it out. */
  | { readonly kind: 'rule-equals-default'; readonly rule: Rule; readonly byDefault: Span }
  /** Of an errno 16 bits are kept. */
  | { readonly kind: 'errno-wrapped'; readonly errno: Spanned<number>; readonly kept: number }
  /** The errno stands beside an action that returns none. */
  | { readonly kind: 'errno-ignored'; readonly errno: Spanned<number>; readonly action: ActionName };

/** The place in the profile that a fact is about. */
export function placeOf(fact: Fact): Span {
  switch (fact.kind) {
    case 'rule-dropped':
    case 'rule-overridden':
    case 'rule-shadowed':
    case 'rules-overlap':
    case 'absent-everywhere':
      return fact.rule.name.span;
    case 'condition-never-holds':
      return fact.rule.conditions[0].span;
    case 'rule-equals-default':
      return fact.rule.action.span;
    case 'errno-wrapped':
    case 'errno-ignored':
      return fact.errno.span;
    default:
      return fact.condition.span;
  }
}
