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

/** Rules of one name that give its calls what they get. Finding them takes long, so whatever is found is kept. */
export class ArgumentRules {
  private readonly d: Diagram;
  private readonly mayLoosen: boolean;
  /** By default action and decisions. */
  private readonly rules = new Map<string, readonly ArgumentRule[]>();
  private readonly meanings = { 32: new Map<Conjunction, NodeId>(), 64: new Map<Conjunction, NodeId>() };

  /** @param mayLoosen whether calls may pass that did not, where no rules can say which they are. */
  constructor(diagram: Diagram, mayLoosen: boolean) {
    this.d = diagram;
    this.mayLoosen = mayLoosen;
  }

  /**
   * The rules that give these decisions on their ABIs. They are made for the first ABI; how they are written is chosen so
   * that the others, which may compare fewer bits, decide as they should. Where they cannot, the first serves.
   */
  of(decisions: readonly DecidedCalls[], byDefault: number): readonly ArgumentRule[] {
    const key = `${byDefault} ${decisions.map(({ bits, node }) => `${bits}:${node}`).join()}`;
    const rules = this.rules.get(key) ?? this.find(decisions, byDefault);
    this.rules.set(key, rules);
    return rules;
  }

  private find(decisions: readonly DecidedCalls[], byDefault: number): readonly ArgumentRule[] {
    const isRight = (rules: readonly ArgumentRule[]) =>
      decisions.every(({ bits, node }) => this.lowered(rules, bits, byDefault) === node);
    const [{ bits, node }] = decisions;
    const attempts: ArgumentRule[][] = [];
    for (const style of STYLES) {
      const attempt = this.wordsOf(node, byDefault).flatMap((word) =>
        this.rulesOf(node, word, byDefault, bits, style),
      );
      if (isRight(attempt)) return attempt;
      attempts.push(attempt);
    }
    return attempts.map((a) => this.repaired(a, decisions, byDefault)).find(isRight) ?? attempts[0];
  }

  /**
   * Rules for the calls that get a word. When no rules can say which they are: none, or, where the default action is freer,
   * one for all calls, so that nothing passes that did not, unless that may be.
   */
  private rulesOf(
    node: NodeId,
    word: number,
    byDefault: number,
    bits: 32 | 64,
    style: Style,
  ): ArgumentRule[] {
    const conjunctions = conjunctionsOf(this.d, this.callsOf(node, word), bits, style);
    if (conjunctions) return conjunctions.map((conditions) => ({ word, conditions }));
    return isFreer(byDefault, word) && !this.mayLoosen ? [{ word, conditions: [] }] : [];
  }

  /** The rules and, behind them, others for what they decide wrong on the ABIs after the first. */
  private repaired(
    rules: readonly ArgumentRule[],
    decisions: readonly DecidedCalls[],
    byDefault: number,
  ): ArgumentRule[] {
    const all = [...rules];
    for (const { bits, node } of decisions.slice(1)) {
      const now = this.lowered(all, bits, byDefault);
      for (const word of this.wordsOf(node, byDefault)) {
        const missing = this.d.choose(this.callsOf(now, word), Diagram.FALSE, this.callsOf(node, word));
        for (const conditions of conjunctionsOf(this.d, missing, bits, 'masks') ?? [])
          all.push({ word, conditions });
      }
    }
    return all;
  }

  private callsOf(node: NodeId, word: number): NodeId {
    return callsWhere(this.d, node, (w) => w === word);
  }

  private wordsOf(node: NodeId, byDefault: number): number[] {
    return this.d.wordsOf(node).filter((word) => word !== byDefault);
  }

  /** What libseccomp makes of the rules of one name on one ABI. */
  private lowered(rules: readonly ArgumentRule[], bits: 32 | 64, byDefault: number): NodeId {
    const { d } = this;
    const { order } = orderRules(rules.map(asCallRule), bits);
    return order.reduceRight(
      (otherwise, { conditions, word }) =>
        d.choose(this.meaning(conditions, bits), d.terminal(word), otherwise),
      d.terminal(byDefault),
    );
  }

  private meaning(conditions: Conjunction, bits: 32 | 64): NodeId {
    const known = this.meanings[bits];
    const node = known.get(conditions) ?? conditionsDiagram(this.d, conditions, bits);
    known.set(conditions, node);
    return node;
  }
}

/** Whether a call that gets one word may do more than one that gets the other. */
export function isFreer(word: number, than: number): boolean {
  return freedomOf(actionOfWord(word).kind) > freedomOf(actionOfWord(than).kind);
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
