import type { Fact } from '../runtime/fact.ts';
import type { LintRule } from './rule.ts';
import { absentEverywhere } from './rules/absent-everywhere.ts';
import { conditionNeverHolds } from './rules/condition-never-holds.ts';
import { conditionOverwritten } from './rules/condition-overwritten.ts';
import { conditionsSplit } from './rules/conditions-split.ts';
import { errnoIgnored } from './rules/errno-ignored.ts';
import { errnoWrapped } from './rules/errno-wrapped.ts';
import { maskDropsBits } from './rules/mask-drops-bits.ts';
import { maskEmpty } from './rules/mask-empty.ts';
import { ruleDropped } from './rules/rule-dropped.ts';
import { ruleEqualsDefault } from './rules/rule-equals-default.ts';
import { ruleOverridden } from './rules/rule-overridden.ts';
import { ruleShadowed } from './rules/rule-shadowed.ts';
import { valueCut } from './rules/value-cut.ts';

/** All rules; a rule takes only facts of its own kind. */
export const RULES = [
  absentEverywhere,
  conditionNeverHolds,
  conditionOverwritten,
  conditionsSplit,
  errnoIgnored,
  errnoWrapped,
  maskDropsBits,
  maskEmpty,
  ruleDropped,
  ruleEqualsDefault,
  ruleOverridden,
  ruleShadowed,
  valueCut,
] as readonly LintRule<Fact['kind']>[];
