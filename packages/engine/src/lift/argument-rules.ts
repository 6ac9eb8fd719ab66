import { actionOfWord, freedomOf } from '../bpf/action.ts';
import { NOWHERE } from '../diagnostics/span.ts';
import { callsWhere } from '../diagram/call-set.ts';
import { Diagram, type NodeId } from '../diagram/diagram.ts';
import type { CallRule, RuleOrigin } from '../libseccomp/call-rule.ts';
import { orderRules } from '../libseccomp/rule-order.ts';
import { conditionsDiagram } from '../policy/condition.ts';
import { type Conjunction, conjunctionsOf, STYLES, type Style } from './conjunctions.ts';

/** What calls of one name get on one ABI: a diagram over arguments alone. */
export interface DecidedCalls {
  readonly bits: 32 | 64;
  readonly node: NodeId;
}

export interface ArgumentRule {
  readonly word: number;
  readonly conditions: Conjunction;
}

/**
 * Rules of one name that give these decisions on their ABIs. They are made for the first ABI; how they are written is
 * chosen so that the others, which may compare fewer bits, decide as they should. Where they cannot, the first serves.
 */
export function rulesForArguments(
  d: Diagram,
  decisions: readonly DecidedCalls[],
  byDefault: number,
  mayLoosen: boolean,
): ArgumentRule[] {
  const isRight = (rules: readonly ArgumentRule[]) =>
    decisions.every(({ bits, node }) => lowered(d, rules, bits, byDefault) === node);
  const [{ bits, node }] = decisions;
  const attempts: ArgumentRule[][] = [];
  for (const style of STYLES) {
    const attempt = wordsOf(d, node, byDefault).flatMap((word) =>
      rulesOf(d, node, word, byDefault, bits, style, mayLoosen),
    );
    if (isRight(attempt)) return attempt;
    attempts.push(attempt);
  }
  return attempts.map((a) => repaired(d, a, decisions, byDefault)).find(isRight) ?? attempts[0];
}

/**
 * Rules for the calls that get a word. When no rules can say which they are: none, or, where the default action is freer,
 * one for all calls, so that nothing passes that did not, unless that may be.
 */
function rulesOf(
  d: Diagram,
  node: NodeId,
  word: number,
  byDefault: number,
  bits: 32 | 64,
  style: Style,
  mayLoosen: boolean,
): ArgumentRule[] {
  const set = callsWhere(d, node, (w) => w === word);
  const conjunctions = conjunctionsOf(d, set, bits, style);
  if (conjunctions) return conjunctions.map((conditions) => ({ word, conditions }));
  return freedom(word) < freedom(byDefault) && !mayLoosen ? [{ word, conditions: [] }] : [];
}

function freedom(word: number): number {
  return freedomOf(actionOfWord(word).kind);
}

/** The rules and, behind them, others for what they decide wrong on the ABIs after the first. */
function repaired(
  d: Diagram,
  rules: readonly ArgumentRule[],
  decisions: readonly DecidedCalls[],
  byDefault: number,
): ArgumentRule[] {
  const all = [...rules];
  for (const { bits, node } of decisions.slice(1)) {
    const now = lowered(d, all, bits, byDefault);
    for (const word of wordsOf(d, node, byDefault)) {
      const wanted = callsWhere(d, node, (w) => w === word);
      const given = callsWhere(d, now, (w) => w === word);
      const missing = d.choose(given, Diagram.FALSE, wanted);
      for (const conditions of conjunctionsOf(d, missing, bits, 'masks') ?? [])
        all.push({ word, conditions });
    }
  }
  return all;
}

function wordsOf(d: Diagram, node: NodeId, byDefault: number): number[] {
  return d.wordsOf(node).filter((word) => word !== byDefault);
}

/** What libseccomp makes of the rules of one name on one ABI. */
function lowered(d: Diagram, rules: readonly ArgumentRule[], bits: 32 | 64, byDefault: number): NodeId {
  const { order } = orderRules(rules.map(asCallRule), bits);
  return order.reduceRight(
    (otherwise, { conditions, word }) =>
      d.choose(conditionsDiagram(d, conditions, bits), d.terminal(word), otherwise),
    d.terminal(byDefault),
  );
}

function asCallRule({ word, conditions }: ArgumentRule): CallRule {
  const name = { value: '', span: NOWHERE };
  const rule = {
    index: 0,
    names: [],
    action: { value: 'ALLOW' as const, span: NOWHERE },
    conditions,
    span: NOWHERE,
  };
  const origin: RuleOrigin = { because: 'rule', rule, span: NOWHERE };
  return { rule, name, origin, word, conditions };
}
