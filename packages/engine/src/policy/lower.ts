import { actionWord, KILL_THREAD_WORD } from '../bpf/action.ts';
import { type Diagnostic, hasErrors, type Result, warning } from '../diagnostics/diagnostic.ts';
import { Diagram, DiagramTooLarge, type NodeId } from '../diagram/diagram.ts';
import { ARCH, NR } from '../diagram/fields.ts';
import type { CallRule, Fate } from '../libseccomp/call-rule.ts';
import { orderRules } from '../libseccomp/rule-order.ts';
import type { Condition, Profile } from '../profile/profile.ts';
import { ENOSYS, hasStub, stubDiagram } from '../runtime/enosys-stub.ts';
import { type Resolved, resolveProfile } from '../runtime/resolve.ts';
import { type RuntimeRules, runtimeRules, tooComplex } from '../runtime/runtime-rules.ts';
import type { Target } from '../runtime/target.ts';
import { type Abi, X32_BIT } from '../syscalls/arch.ts';
import { numberOf } from '../syscalls/lookup.ts';
import { multiplexed } from '../syscalls/multiplex.ts';
import { conditionsDiagram } from './condition.ts';
import type { Origin, Policy } from './policy.ts';

/** The origins that every policy has, in this order. */
const DEFAULT = 0;
const BAD_ARCH = 1;
const STUB = 2;

/**
 * What a profile means on a target: the runtime's reading of it (resolve.ts, runtime-rules.ts), then libseccomp's rules
 * (db.c), then the runtime's stub. There is a policy unless the runtime would refuse the profile.
 */
export function lowerProfile(profile: Profile, target: Target, diagram = new Diagram()): Result<Policy> {
  const resolved = resolveProfile(profile, target);
  const runtime = runtimeRules(profile, resolved);
  const diagnostics = [...resolved.diagnostics, ...runtime.diagnostics];
  if (!runtime.value) return { diagnostics };
  try {
    const lowered = new Lowering(resolved, runtime.value, diagram).run();
    const all = [...diagnostics, ...lowered.diagnostics];
    return hasErrors(all) ? { diagnostics: all } : { value: lowered.value, diagnostics: all };
  } catch (fault) {
    if (!(fault instanceof DiagramTooLarge)) throw fault;
    const message = 'the conditions of these rules are too many and too different';
    return { diagnostics: [...diagnostics, tooComplex(profile, message)] };
  }
}

class Lowering {
  private readonly resolved: Resolved;
  private readonly rules: RuntimeRules;
  private readonly d: Diagram;
  private readonly diagnostics: Diagnostic[] = [];
  private readonly reported = new Set<string>();
  private readonly origins: Origin[] = [
    { because: 'default' },
    { because: 'bad-arch' },
    { because: 'enosys-stub' },
  ];
  private readonly words: number[];
  private readonly indexOf = new Map<Origin, number>();

  constructor(resolved: Resolved, rules: RuntimeRules, diagram: Diagram) {
    this.resolved = resolved;
    this.rules = rules;
    this.d = diagram;
    this.words = [actionWord(rules.byDefault), KILL_THREAD_WORD, actionWord({ kind: 'ERRNO', data: ENOSYS })];
    for (const { origin, word } of rules.calls) {
      if (this.indexOf.has(origin)) continue;
      this.indexOf.set(origin, this.origins.push(origin) - 1);
      this.words.push(word);
    }
  }

  run(): Result<Policy> & { value: Policy } {
    const { d, origins, words, diagnostics } = this;
    const { abis, dialect, listed } = this.resolved;
    const byArch = groupByAuditArch(abis).map((group) => [group[0].auditArch, this.numbers(group)] as const);
    let reasons = d.table(
      ARCH,
      byArch.toSorted(([a], [b]) => a - b),
      d.terminal(BAD_ARCH),
    );
    const toWord = (origin: number) => words[origin];
    const stubless = d.map(reasons, toWord);
    const stubbed = dialect.stub === 'all' ? abis : dialect.stub === 'listed' ? listed : [];
    if (stubbed.length > 0 && hasStub(this.rules.byDefault.kind)) {
      const names = this.resolved.rules.flatMap((rule) => rule.names.map((n) => n.value));
      reasons = d.choose(stubDiagram(d, stubbed, names, this.resolved.numberOf), d.terminal(STUB), reasons);
    }
    this.reportAbsent();
    const root = d.map(reasons, toWord);
    const { endian } = abis[0];
    return { value: { diagram: d, root, stubless, reasons, origins, words, abis, endian }, diagnostics };
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
      if (sub) add(this.resolved.numberOf(abi, sub.through) ?? sub.through, this.subcall(rule, sub.subcall));
      const nr = this.resolved.numberOf(abi, name);
      if (nr !== undefined || sub || !abi.multiplexed) add(nr ?? name, rule);
    }
    return byNumber;
  }

  /** The rule for the same call through socketcall(2) or ipc(2): the sub-call number takes the place of argument 0. */
  private subcall(rule: CallRule, subcall: number): CallRule {
    const overwritten = rule.conditions.find((c) => c.argument === 0);
    if (overwritten)
      this.report(
        warning(
          'condition-overwritten',
          `where ${rule.name.value} goes through a multiplexer, this condition on argument 0 does not hold`,
          overwritten.span,
        ),
      );
    const number: Condition = {
      argument: 0,
      operator: 'EQ',
      value: BigInt(subcall),
      valueTwo: 0n,
      span: rule.name.span,
    };
    return { ...rule, conditions: [number, ...rule.conditions.filter((c) => c.argument !== 0)] };
  }

  /** The decision for one number. */
  private call(rules: readonly CallRule[], abi: Abi): NodeId {
    const { d } = this;
    const index = (rule: CallRule) => this.indexOf.get(rule.origin)!;
    if (rules.length === 1 && rules[0].conditions.length === 0) return d.terminal(index(rules[0]));
    const { order, fates } = orderRules(rules, abi.bits);
    for (const fate of fates) this.reportFate(fate);
    const conditions = order.map((rule) => conditionsDiagram(d, rule.conditions, abi.bits));
    this.reportShadows(order, conditions);
    for (const rule of order) this.reportCut(rule, abi);
    return order.reduceRight(
      (otherwise, rule, i) => d.choose(conditions[i], d.terminal(index(rule)), otherwise),
      d.terminal(DEFAULT),
    );
  }

  /** Rules to which those that are asked first leave nothing, or not all. */
  private reportShadows(order: readonly CallRule[], conditions: readonly NodeId[]): void {
    const { d } = this;
    const meets = (a: NodeId, b: NodeId) => d.and(a, b) !== Diagram.FALSE;
    let covered = Diagram.FALSE;
    const coveredWith = new Map<number, NodeId>();
    order.forEach((rule, i) => {
      const condition = conditions[i];
      if (condition === Diagram.FALSE) {
        this.reportNever(rule);
        return;
      }
      const contrary = [...coveredWith].some(([word, set]) => word !== rule.word && meets(condition, set));
      const first = (): CallRule =>
        order.find((by, j) => (by.word !== rule.word || !contrary) && meets(condition, conditions[j]))!;
      const coveredNow = d.or(covered, condition);
      if (coveredNow === covered) this.reportFate({ kind: 'shadowed', rule, by: first() });
      else if (contrary && this.resolved.dialect.strict)
        this.reportFate({ kind: 'overlap', rule, by: first() });
      covered = coveredNow;
      coveredWith.set(rule.word, d.or(coveredWith.get(rule.word) ?? Diagram.FALSE, condition));
    });
  }

  private reportNever(rule: CallRule): void {
    const message = `no call can meet the conditions of this rule for ${rule.name.value} on some ABI`;
    this.report(warning('condition-never-holds', message, rule.conditions[0].span));
  }

  /** Values that lose their upper half on an ABI whose arguments have 32 bits. */
  private reportCut(rule: CallRule, abi: Abi): void {
    if (abi.bits === 64) return;
    for (const { argument, operator, value, valueTwo, span } of rule.conditions) {
      const wide = operator === 'MASKED_EQ' ? valueTwo & value : value;
      if (wide >> 32n === 0n) continue;
      const message = `on ${abi.name} only the low 32 bits of argument ${argument} are compared`;
      const kept = `0x${wide.toString(16)} becomes 0x${(wide & 0xffff_ffffn).toString(16)}`;
      this.report(warning('value-cut', message, span, { hint: kept }));
    }
  }

  private reportFate({ kind, rule, by }: Fate): void {
    const name = rule.name.value;
    if (rule.rule === by.rule && rule.name.span.start === by.name.span.start) return;
    const related = by.name.span;
    const { strict } = this.resolved.dialect;
    const severity = kind === 'conflict' || kind === 'collision' || strict ? 'error' : 'warning';
    const text = FATES[kind](name);
    this.report({
      code: text.code,
      severity,
      message: text.message,
      hint: text.hint,
      span: rule.name.span,
      related,
    });
  }

  private reportAbsent(): void {
    const { abis } = this.resolved;
    for (const { name } of this.rules.calls) {
      if (abis.some((abi) => isPresent(abi, name.value))) continue;
      const where = abis.map((a) => a.name).join(', ');
      this.report({
        ...warning('absent-everywhere', `${name.value} does not exist on ${where}`, name.span),
        severity: 'note',
      });
    }
  }

  /** Each fault once, though several ABIs may show it. */
  private report(diagnostic: Diagnostic): void {
    const key = `${diagnostic.code} ${diagnostic.span.start}`;
    if (this.reported.has(key)) return;
    this.reported.add(key);
    this.diagnostics.push(diagnostic);
  }
}

const FATES: Readonly<Record<Fate['kind'], (name: string) => Pick<Diagnostic, 'code' | 'message' | 'hint'>>> =
  {
    conflict: (name) => ({
      code: 'rule-conflict',
      message: `${name} has the same conditions in an earlier rule, with another action`,
      hint: 'keep one of them: libseccomp refuses the second',
    }),
    collision: (name) => ({
      code: 'rule-conflict',
      message: `libseccomp takes this rule for ${name} for an earlier one with another action, and refuses it`,
      hint: 'it tests the upper 32 bits apart, and both bounds share them: name the values by EQ or MASKED_EQ',
    }),
    dropped: (name) => ({
      code: 'rule-dropped',
      message: `an earlier rule for ${name} leaves nothing to this one`,
    }),
    overridden: (name) => ({
      code: 'rule-overridden',
      message: `a later rule for ${name} replaces this one`,
    }),
    shadowed: (name) => ({
      code: 'rule-shadowed',
      message: `other rules for ${name}, which libseccomp asks first, leave nothing to this one`,
    }),
    overlap: (name) => ({
      code: 'rules-overlap',
      message: `another rule for ${name} has another action for some of these calls`,
      hint: 'make their conditions exclude each other',
    }),
  };

function isPresent(abi: Abi, name: string): boolean {
  return numberOf(abi.name, name) !== undefined || (abi.multiplexed && multiplexed(name) !== undefined);
}

function groupByAuditArch(abis: readonly Abi[]): Abi[][] {
  const groups = new Map<number, Abi[]>();
  for (const abi of abis) groups.set(abi.auditArch, [...(groups.get(abi.auditArch) ?? []), abi]);
  return [...groups.values()];
}
