import { actionWord, KILL_THREAD_WORD } from '../bpf/action.ts';
import { type Diagnostic, error, hasErrors, type Result } from '../diagnostics/diagnostic.ts';
import { Diagram, DiagramTooLarge, type NodeId } from '../diagram/diagram.ts';
import { ARCH, NR } from '../diagram/fields.ts';
import type { CallRule, CallRules, Fate } from '../libseccomp/call-rule.ts';
import { orderRules } from '../libseccomp/rule-order.ts';
import type { Condition, Profile } from '../profile/profile.ts';
import { ENOSYS, hasStub, stubDiagram } from '../runtime/enosys-stub.ts';
import type { Fact } from '../runtime/fact.ts';
import { refusalsOf } from '../runtime/refusals.ts';
import { type Resolved, resolveProfile } from '../runtime/resolve.ts';
import { type RuntimeRules, runtimeRules, tooComplex } from '../runtime/runtime-rules.ts';
import type { Target } from '../runtime/target.ts';
import { type Abi, X32_BIT } from '../syscalls/arch.ts';
import { numberOf } from '../syscalls/lookup.ts';
import { type Multiplexed, multiplexed } from '../syscalls/multiplex.ts';
import { conditionsDiagram } from './condition.ts';
import type { Origin, Policy } from './policy.ts';

/** The origins that every policy has, in this order. */
const DEFAULT = 0;
const BAD_ARCH = 1;
const STUB = 2;

/** How many nodes and steps the meaning of one profile may take; Docker's takes some ten thousand of each. */
const MAX_NODES = 1 << 21;
const MAX_STEPS = 1 << 21;
/** A short profile may take but so many steps, and so many more for each name in a rule. */
const STEPS = 1 << 19;
const STEPS_PER_RULE = 512;
/** How many of each may be spent on looking for rules of one call that others leave nothing to. */
const SHADOW_NODES = 1 << 14;
const SHADOW_STEPS = 1 << 15;

/** What a profile means on a target, and what was seen on the way to it. */
export interface Lowered extends Result<Policy> {
  /** Each for every ABI that shows it, in no order. */
  readonly facts: readonly Fact[];
}

/**
 * What a profile means on a target: the runtime's reading of it (resolve.ts, runtime-rules.ts), then libseccomp's rules
 * (db.c), then the runtime's stub. There is no policy when the runtime would refuse
 * the profile, or when it is too complex. Policies lowered into one diagram share its nodes.
 * @example
 * ```js
 * import { lowerProfile, parseProfile } from '@callgate/engine';
 * const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
 * const { value: profile } = parseProfile('{"defaultAction": "SCMP_ACT_ALLOW"}');
 * const { value: policy, diagnostics, facts } = lowerProfile(profile, target);
 * policy.abis.map((abi) => abi.name); // → ['x86_64']
 * ```
 */
export function lowerProfile(profile: Profile, target: Target, diagram = new Diagram()): Lowered {
  return lower(profile, target, diagram, true);
}

/** What a profile decides, without the reasons and what was seen on the way to it; sooner. Undefined without a policy. */
export function decisionsOf(profile: Profile, target: Target, diagram: Diagram): NodeId | undefined {
  return lower(profile, target, diagram, false).value?.root;
}

function lower(profile: Profile, target: Target, diagram: Diagram, wantsReasons: boolean): Lowered {
  const resolved = resolveProfile(profile, target);
  const reading = runtimeRules(resolved.profile, resolved);
  const diagnostics = [...resolved.diagnostics, ...reading.diagnostics];
  if (!reading.value) return { facts: reading.facts, diagnostics };
  try {
    const lowering = new Lowering(resolved, reading.value, diagram, wantsReasons);
    const steps = Math.min(MAX_STEPS, STEPS + STEPS_PER_RULE * reading.value.calls.length);
    const policy = diagram.within(MAX_NODES, steps, () => lowering.run());
    const facts = [...reading.facts, ...lowering.facts];
    const all = [...diagnostics, ...lowering.refusals, ...refusalsOf(facts, resolved.dialect)];
    return hasErrors(all) ? { facts, diagnostics: all } : { value: policy, facts, diagnostics: all };
  } catch (fault) {
    if (!(fault instanceof DiagramTooLarge)) throw fault;
    const message = 'the conditions of these rules are too many and too different';
    return { facts: reading.facts, diagnostics: [...diagnostics, tooComplex(profile, message)] };
  }
}

class Lowering {
  private readonly resolved: Resolved;
  private readonly rules: RuntimeRules;
  private readonly d: Diagram;
  /** Whether each rule is told from others with its action, and rules are looked for that others leave nothing to. */
  private readonly wantsReasons: boolean;
  readonly facts: Fact[] = [];
  /** What libseccomp refuses, at its place. */
  private readonly refused = new Map<number, Diagnostic>();
  private readonly origins: Origin[] = [
    { because: 'default' },
    { because: 'bad-arch' },
    { because: 'enosys-stub' },
  ];
  private readonly words: number[];
  private readonly known = {
    32: new Map<CallRule['conditions'], NodeId>(),
    64: new Map<CallRule['conditions'], NodeId>(),
  };
  private readonly indexOf = new Map<Origin | number, number>();
  /** Without reasons: by the rules that it has, what a call gets. */
  private readonly alike = new Map<string, NodeId>();
  /** By the node that tells the reasons. */
  private readonly rulesOf = new Map<NodeId, CallRules>();

  constructor(resolved: Resolved, rules: RuntimeRules, diagram: Diagram, wantsReasons: boolean) {
    this.wantsReasons = wantsReasons;
    this.resolved = resolved;
    this.rules = rules;
    this.d = diagram;
    this.words = [actionWord(rules.byDefault), KILL_THREAD_WORD, actionWord({ kind: 'ERRNO', data: ENOSYS })];
    for (const rule of rules.calls) {
      const reason = this.reason(rule);
      if (this.indexOf.has(reason)) continue;
      this.indexOf.set(reason, this.origins.push(rule.origin) - 1);
      this.words.push(rule.word);
    }
  }

  /** What a rule is told from others by: without reasons its action alone. */
  private reason({ origin, word }: CallRule): Origin | number {
    return this.wantsReasons ? origin : word;
  }

  get refusals(): Diagnostic[] {
    return [...this.refused.values()];
  }

  run(): Policy {
    const { d, origins, words } = this;
    const { abis, dialect, listed } = this.resolved;
    const byArch = groupByAuditArch(abis).map((group) => [group[0].auditArch, this.numbers(group)] as const);
    let reasons = d.table(
      ARCH,
      byArch.toSorted(([a], [b]) => a - b),
      d.terminal(BAD_ARCH),
    );
    const stubless = reasons;
    const stubbed = dialect.stub === 'all' ? abis : dialect.stub === 'listed' ? listed : [];
    if (stubbed.length > 0 && hasStub(this.rules.byDefault.kind)) {
      const names = this.resolved.rules.flatMap((rule) => rule.names.map((n) => n.value));
      reasons = d.choose(stubDiagram(d, stubbed, names, this.resolved.numberOf), d.terminal(STUB), reasons);
    }
    this.noteAbsent();
    const decided = d.mapping((origin) => words[origin]);
    const root = decided(reasons);
    const rules = new Map([...this.rulesOf].map(([call, known]) => [decided(call), known]));
    const { endian } = abis[0];
    return { diagram: d, root, stubless, reasons, origins, words, rules, abis, endian };
  }

  /** The decisions of all ABIs that share an AUDIT_ARCH, by number. */
  private numbers(group: readonly Abi[]): NodeId {
    const { d } = this;
    const entries: [number, NodeId][] = [];
    for (const abi of group)
      for (const [key, rules] of this.rulesByNumber(abi)) {
        const call = this.call(rules, abi);
        if (typeof key === 'number') entries.push([key, call]);
      }
    const decision = d.table(
      NR,
      entries.sort(([a], [b]) => a - b),
      d.terminal(DEFAULT),
    );
    const alone = group.length === 1 ? group[0].name : undefined;
    // libseccomp sends calls of the other ABI with that arch to the bad-arch action.
    if (alone === 'x32') return d.choose(d.atLeast(NR, X32_BIT), decision, d.terminal(BAD_ARCH));
    if (alone !== 'x86_64') return decision;
    // It lets -1, by which a tracer skips a call, pass on.
    const x32 = d.and(d.atLeast(NR, X32_BIT), d.not(d.equals(NR, 0xffffffff)));
    return d.choose(x32, d.terminal(BAD_ARCH), decision);
  }

  /**
   * Which rules each number of an ABI has, in the order of the file. A name that the ABI lacks keeps its name as key:
   * libseccomp gives it a negative number, emits nothing for it, but refuses its conflicts all the same.
   */
  private rulesByNumber(abi: Abi): Map<number | string, CallRule[]> {
    const byNumber = new Map<number | string, CallRule[]>();
    const add = (key: number | string, rule: CallRule): void => {
      const rules = byNumber.get(key);
      if (rules) rules.push(rule);
      else byNumber.set(key, [rule]);
    };
    for (const rule of this.rules.calls) {
      const name = rule.name.value;
      const sub = abi.multiplexed ? multiplexed(name) : undefined;
      if (sub) add(this.resolved.numberOf(abi, sub.through) ?? sub.through, this.subcall(rule, sub, abi));
      const nr = this.resolved.numberOf(abi, name);
      if (nr !== undefined || sub || !abi.multiplexed) add(nr ?? name, rule);
    }
    return byNumber;
  }

  /** The rule for the same call through socketcall(2) or ipc(2): the sub-call number takes the place of argument 0. */
  private subcall(rule: CallRule, { through, subcall }: Multiplexed, abi: Abi): CallRule {
    const condition = rule.conditions.find((c) => c.argument === 0);
    // A rule for the multiplexer itself settles all that goes through it.
    if (condition && !this.isSettled(through))
      this.facts.push({
        kind: 'condition-overwritten',
        abi: abi.name,
        rule: rule.rule,
        name: rule.name.value,
        condition,
      });
    const number: Condition = {
      argument: 0,
      operator: 'EQ',
      value: BigInt(subcall),
      valueTwo: 0n,
      span: rule.name.span,
    };
    return { ...rule, through, conditions: [number, ...rule.conditions.filter((c) => c.argument !== 0)] };
  }

  private isSettled(name: string): boolean {
    return this.rules.calls.some((rule) => rule.name.value === name && rule.conditions.length === 0);
  }

  /** The decision for one number. */
  private call(rules: readonly CallRule[], abi: Abi): NodeId {
    if (this.wantsReasons) return this.ordered(rules, abi);
    // The names of a rule share its conditions, except for what goes through a multiplexer.
    const key = `${abi.bits} ${rules.map(({ rule, through, name }) => [rule.index, through && name.value])}`;
    const decision = this.alike.get(key) ?? this.ordered(rules, abi);
    this.alike.set(key, decision);
    return decision;
  }

  /** What libseccomp decides by the rules of one number. */
  private ordered(rules: readonly CallRule[], abi: Abi): NodeId {
    const { d } = this;
    const index = (rule: CallRule) => this.indexOf.get(this.reason(rule))!;
    if (rules.length === 1 && rules[0].conditions.length === 0) return d.terminal(index(rules[0]));
    const { order, fates } = orderRules(rules, abi.bits);
    for (const fate of fates) this.noteFate(fate, abi);
    const conditions = order.map((rule) => this.conditions(rule.conditions, abi.bits));
    if (this.wantsReasons && (order.length > 1 || conditions.includes(Diagram.FALSE)))
      this.lookForShadows(order, conditions, abi);
    for (const rule of order) this.noteCut(rule, abi);
    const decision = order.reduceRight(
      (otherwise, rule, i) => d.choose(conditions[i], d.terminal(index(rule)), otherwise),
      d.terminal(DEFAULT),
    );
    if (order.length > 1) {
      const asked = new Set(order);
      const kept = rules.filter((rule) => asked.has(rule));
      this.rulesOf.set(decision, { rules: kept, byDefault: this.words[DEFAULT], bits: abi.bits });
    }
    return decision;
  }

  /** All names of a rule share its conditions. */
  private conditions(conditions: CallRule['conditions'], bits: 32 | 64): NodeId {
    const known = this.known[bits];
    const node = known.get(conditions) ?? conditionsDiagram(this.d, conditions, bits);
    known.set(conditions, node);
    return node;
  }

  /** What is too hard to find out about rules is left out: the meaning does not depend on it. */
  private lookForShadows(order: readonly CallRule[], conditions: readonly NodeId[], abi: Abi): void {
    try {
      this.d.within(SHADOW_NODES, SHADOW_STEPS, () => this.noteShadows(order, conditions, abi));
    } catch (fault) {
      if (!(fault instanceof DiagramTooLarge)) throw fault;
    }
  }

  /** Rules to which those that are asked first leave nothing, or not all. */
  private noteShadows(order: readonly CallRule[], conditions: readonly NodeId[], { name: abi }: Abi): void {
    const { d } = this;
    const meets = (a: NodeId, b: NodeId) => d.and(a, b) !== Diagram.FALSE;
    let covered = Diagram.FALSE;
    const coveredWith = new Map<number, NodeId>();
    order.forEach((rule, i) => {
      const condition = conditions[i];
      if (condition === Diagram.FALSE) {
        this.facts.push({ kind: 'condition-never-holds', abi, rule });
        return;
      }
      const contrary = [...coveredWith].some(([word, set]) => word !== rule.word && meets(condition, set));
      const first = (): CallRule | undefined =>
        // Parts of one rule, which conditions on one argument split, are no rules of their own.
        order
          .slice(0, i)
          .find(
            (by, j) =>
              by.rule !== rule.rule &&
              (by.word !== rule.word || !contrary) &&
              meets(condition, conditions[j]),
          );
      const coveredNow = d.or(covered, condition);
      const by = first();
      if (by && coveredNow === covered) this.facts.push({ kind: 'rule-shadowed', abi, rule, by });
      else if (by && contrary) this.facts.push({ kind: 'rules-overlap', abi, rule, by });
      covered = coveredNow;
      coveredWith.set(rule.word, d.or(coveredWith.get(rule.word) ?? Diagram.FALSE, condition));
    });
  }

  /** Values that lose their upper half on an ABI whose arguments have 32 bits. */
  private noteCut({ rule, name, conditions }: CallRule, { name: abi, bits }: Abi): void {
    if (bits === 64) return;
    for (const condition of conditions) {
      const { operator, value, valueTwo } = condition;
      const compared = operator === 'MASKED_EQ' ? valueTwo & value : value;
      if (compared >> 32n !== 0n)
        this.facts.push({ kind: 'value-cut', abi, rule, name: name.value, condition });
    }
  }

  private noteFate({ kind, rule, by }: Fate, { name: abi }: Abi): void {
    // Of a name that stands twice in one rule, nothing is lost.
    if (rule.rule === by.rule && rule.name.span.start === by.name.span.start) return;
    if (kind === 'conflict' || kind === 'collision') this.refuse(kind, rule, by);
    else this.facts.push({ kind: `rule-${kind}`, abi, rule, by });
  }

  private refuse(kind: 'conflict' | 'collision', { name }: CallRule, by: CallRule): void {
    if (this.refused.has(name.span.start)) return;
    const { message, remedy } = CONFLICTS[kind];
    const refusal = error('rule-conflict', message(name.value), name.span, remedy);
    this.refused.set(name.span.start, { ...refusal, related: by.name.span });
  }

  private noteAbsent(): void {
    const { abis } = this.resolved;
    for (const rule of this.rules.calls)
      if (!abis.some((abi) => isPresent(abi, rule.name.value)))
        this.facts.push({
          kind: 'absent-everywhere',
          abis: abis.map((abi) => abi.name),
          rule,
          byDefault: this.words[DEFAULT],
        });
  }
}

/** What libseccomp refuses with EEXIST. */
const CONFLICTS = {
  conflict: {
    message: (name: string) => `${name} has the same conditions in an earlier rule, with another action`,
    remedy: 'keep one of them: libseccomp refuses the second',
  },
  collision: {
    message: (name: string) =>
      `libseccomp takes this rule for ${name} for an earlier one with another action, and refuses it`,
    remedy:
      'it tests the upper 32 bits apart, and both bounds share them: name the values by EQ or MASKED_EQ',
  },
} as const;

function isPresent(abi: Abi, name: string): boolean {
  return numberOf(abi.name, name) !== undefined || (abi.multiplexed && multiplexed(name) !== undefined);
}

function groupByAuditArch(abis: readonly Abi[]): Abi[][] {
  const groups = new Map<number, Abi[]>();
  for (const abi of abis) groups.set(abi.auditArch, [...(groups.get(abi.auditArch) ?? []), abi]);
  return [...groups.values()];
}
