import { type Diagnostic, error, hasErrors, type Outcome, warning } from '../diagnostics/diagnostic.ts';
import type { ActionName, Condition, Profile, Rule } from '../profile/profile.ts';
import type { Spanned } from '../source/span.ts';
import { type Abi, X32_BIT } from '../syscalls/arch.ts';
import { isKnownName, numberOf } from '../syscalls/lookup.ts';
import { multiplexed } from '../syscalls/multiplex.ts';
import { type Action, actionKind, actionWord, KILL_THREAD_WORD } from './action.ts';
import type { CallRule, Fate } from './call-rule.ts';
import { conditionsDiagram } from './condition.ts';
import { Diagram, DiagramTooLarge, type NodeId } from './diagram.ts';
import { ENOSYS, hasStub, stubDiagram } from './enosys-stub.ts';
import { ARCH, NR } from './fields.ts';
import type { Origin, Policy } from './policy.ts';
import { resolveProfile } from './resolve.ts';
import { orderRules } from './rule-order.ts';
import type { Target } from './target.ts';

/** libseccomp takes ERRNO values below this (system.h: MAX_ERRNO). */
const MAX_ERRNO = 4095;
const EPERM = 1;
/** Names times conditions; Docker's profile has 400. */
const MAX_CALL_RULES = 20_000;

/**
 * What a profile means on a target, in the words of runc and libseccomp: libcontainer/seccomp (InitSeccomp,
 * matchCall, patchbpf) and libseccomp's db.c. There is a policy unless the runtime would refuse the profile.
 * Two policies can be compared when they are lowered into the same diagram.
 */
export function lowerProfile(profile: Profile, target: Target, diagram = new Diagram()): Outcome<Policy> {
  const lowering = new Lowering(profile, target, diagram);
  try {
    return lowering.run();
  } catch (fault) {
    if (!(fault instanceof DiagramTooLarge)) throw fault;
    return {
      diagnostics: [tooComplex(profile, 'the conditions of these rules are too many and too different')],
    };
  }
}

class Lowering {
  private readonly profile: Profile;
  private readonly target: Target;
  private readonly d: Diagram;
  private readonly diagnostics: Diagnostic[] = [];
  private readonly reported = new Set<string>();
  private readonly origins: Origin[] = [
    { because: 'default' },
    { because: 'bad-arch' },
    { because: 'enosys-stub' },
  ];
  private readonly words: number[] = [];
  private readonly originOf = new Map<CallRule, number>();

  constructor(profile: Profile, target: Target, diagram: Diagram) {
    this.profile = profile;
    this.target = target;
    this.d = diagram;
  }

  run(): Outcome<Policy> {
    const { d, profile } = this;
    const { abis, rules, diagnostics } = resolveProfile(profile, this.target);
    this.diagnostics.push(...diagnostics);
    const byDefault = this.action(profile.defaultAction, profile.defaultErrnoRet);
    this.words.push(actionWord(byDefault), KILL_THREAD_WORD, actionWord({ kind: 'ERRNO', data: ENOSYS }));
    this.checkNotify(rules);
    const size = rules.reduce(
      (sum, rule) => sum + rule.names.length * Math.max(1, rule.conditions.length),
      0,
    );
    if (size > MAX_CALL_RULES)
      return {
        diagnostics: [
          tooComplex(profile, `the rules describe ${size} calls; at most ${MAX_CALL_RULES} are read`),
        ],
      };
    const callRules = rules.flatMap((rule) => this.callRules(rule));
    let reasons = d.terminal(1);
    for (const group of groupByAuditArch(abis)) {
      const byNumber = this.numbers(group, callRules);
      reasons = d.choose(d.equals(ARCH, group[0].auditArch), byNumber, reasons);
    }
    if (hasStub(byDefault.kind)) {
      const names = rules.flatMap((rule) => rule.names.map((n) => n.value));
      reasons = d.choose(stubDiagram(d, abis, names), d.terminal(2), reasons);
    }
    this.reportAbsent(callRules, abis);
    if (hasErrors(this.diagnostics)) return { diagnostics: this.diagnostics };
    const root = d.map(reasons, (origin) => this.words[origin]);
    const { origins, words } = this;
    const policy = { diagram: d, root, reasons, origins, words, abis, endian: abis[0].endian };
    return { value: policy, diagnostics: this.diagnostics };
  }

  /** The decisions of all ABIs that share an AUDIT_ARCH, by number. */
  private numbers(group: readonly Abi[], callRules: readonly CallRule[]): NodeId {
    const { d } = this;
    let decision = d.terminal(0);
    for (const abi of group)
      for (const [key, rules] of this.rulesByNumber(abi, callRules)) {
        const call = this.call(rules, abi);
        if (typeof key === 'number') decision = d.choose(d.equals(NR, key), call, decision);
      }
    const alone = group.length === 1 && group[0].name === 'x86_64';
    if (!alone) return decision;
    // libseccomp sends x32 calls to the bad-arch action, but lets -1, by which a tracer skips a call, pass on.
    const x32 = d.and(d.atLeast(NR, X32_BIT), d.not(d.equals(NR, 0xffffffff)));
    return d.choose(x32, d.terminal(1), decision);
  }

  /**
   * Which rules each number of an ABI has, in the order of the file. A name that the ABI lacks keeps its name as key:
   * libseccomp gives it a negative number, emits nothing for it, but refuses its conflicts all the same.
   */
  private rulesByNumber(abi: Abi, callRules: readonly CallRule[]): Map<number | string, CallRule[]> {
    const byNumber = new Map<number | string, CallRule[]>();
    const add = (key: number | string, rule: CallRule): void => {
      const rules = byNumber.get(key);
      if (rules) rules.push(rule);
      else byNumber.set(key, [rule]);
    };
    for (const rule of callRules) {
      const name = rule.name.value;
      const sub = abi.multiplexed ? multiplexed(name) : undefined;
      if (sub) add(numberOf(abi.name, sub.through) ?? sub.through, this.subcall(rule, sub.subcall));
      const nr = numberOf(abi.name, name);
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
    const result = { ...rule, conditions: [number, ...rule.conditions.filter((c) => c.argument !== 0)] };
    this.originOf.set(result, this.originOf.get(rule)!);
    return result;
  }

  /** The decision for one number. */
  private call(rules: readonly CallRule[], abi: Abi): NodeId {
    const { d } = this;
    const { order, fates } = orderRules(rules, abi.bits);
    for (const fate of fates) this.reportFate(fate);
    return order.reduceRight(
      (otherwise, rule) =>
        d.choose(
          conditionsDiagram(d, rule.conditions, abi.bits),
          d.terminal(this.originOf.get(rule)!),
          otherwise,
        ),
      d.terminal(0),
    );
  }

  /** A rule as runc hands it to libseccomp, one name at a time; nothing when it says what the default says. */
  private callRules(rule: Rule): CallRule[] {
    const word = actionWord(this.action(rule.action, rule.errnoRet));
    if (word === this.words[0]) {
      this.report(
        warning('rule-equals-default', 'this rule says what the default action says', rule.action.span, {
          related: this.profile.defaultAction.span,
        }),
      );
      return [];
    }
    const conditions = this.splitConditions(rule);
    const names = new Map(rule.names.map((name) => [name.value, name]));
    return [...names.values()].flatMap((name) => {
      if (!isKnownName(name.value)) return [];
      const origin = this.origins.push({ because: 'rule', rule, span: name.span }) - 1;
      this.words[origin] = word;
      return conditions.map((together) => {
        const callRule = { rule, name, word, conditions: together };
        this.originOf.set(callRule, origin);
        return callRule;
      });
    });
  }

  /** Two conditions on one argument make runc add every condition as a rule of its own. */
  private splitConditions({ conditions, span }: Rule): readonly (readonly Condition[])[] {
    const twice = conditions.find((c, i) => conditions.findIndex((o) => o.argument === c.argument) < i);
    if (!twice) return [conditions];
    this.report(
      warning(
        'conditions-split',
        `two conditions on argument ${twice.argument}: any one of the rule's conditions is enough`,
        twice.span,
        { hint: 'write a range as MASKED_EQ, or as rules of their own', related: span },
      ),
    );
    return conditions.map((c) => [c]);
  }

  private action(name: Spanned<ActionName>, errno: Spanned<number> | undefined): Action {
    const kind = actionKind(name.value);
    if (kind !== 'ERRNO' && kind !== 'TRACE') return { kind, data: 0 };
    const written = errno?.value ?? EPERM;
    const data = written & 0xffff;
    if (errno && kind === 'ERRNO' && data >= MAX_ERRNO)
      this.report(
        error(
          'bad-errno',
          `libseccomp refuses the errno ${written}`,
          errno.span,
          `it takes 0 to ${MAX_ERRNO - 1}`,
        ),
      );
    else if (errno && data !== written)
      this.report(warning('errno-wrapped', `only 16 bits are kept: ${written} becomes ${data}`, errno.span));
    return { kind, data };
  }

  private checkNotify(rules: readonly Rule[]): void {
    const { defaultAction, listenerPath } = this.profile;
    if (defaultAction.value === 'NOTIFY')
      this.report(
        error(
          'notify-default',
          'SCMP_ACT_NOTIFY cannot be the default action',
          defaultAction.span,
          'give it to the calls that are to be supervised',
        ),
      );
    for (const { action, names } of rules) {
      if (action.value !== 'NOTIFY') continue;
      const write = names.find((n) => n.value === 'write');
      if (write) this.report(error('notify-write', 'SCMP_ACT_NOTIFY cannot be given for write', write.span));
      if (!listenerPath)
        this.report(
          error(
            'notify-without-listener',
            'SCMP_ACT_NOTIFY needs a "listenerPath"',
            action.span,
            'the socket of the process that answers',
          ),
        );
    }
  }

  private reportFate({ kind, rule, by }: Fate): void {
    const name = rule.name.value;
    const related = by.name.span;
    if (rule.rule === by.rule && rule.name.span.start === by.name.span.start) return;
    if (kind === 'conflict')
      this.report({
        ...error(
          'rule-conflict',
          `${name} has the same conditions in an earlier rule, with another action`,
          rule.name.span,
          'keep one of them: libseccomp refuses the second',
        ),
        related,
      });
    else if (kind === 'dropped')
      this.report(
        warning('rule-dropped', `an earlier rule for ${name} leaves nothing to this one`, rule.name.span, {
          related,
        }),
      );
    else
      this.report(
        warning('rule-overridden', `a later rule for ${name} replaces this one`, rule.name.span, { related }),
      );
  }

  private reportAbsent(callRules: readonly CallRule[], abis: readonly Abi[]): void {
    for (const { name } of callRules) {
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

function tooComplex(profile: Profile, message: string): Diagnostic {
  return error(
    'too-complex',
    message,
    profile.rules[0]?.span ?? profile.defaultAction.span,
    'the kernel takes 4096 instructions',
  );
}

function isPresent(abi: Abi, name: string): boolean {
  return numberOf(abi.name, name) !== undefined || (abi.multiplexed && multiplexed(name) !== undefined);
}

function groupByAuditArch(abis: readonly Abi[]): Abi[][] {
  const groups = new Map<number, Abi[]>();
  for (const abi of abis) groups.set(abi.auditArch, [...(groups.get(abi.auditArch) ?? []), abi]);
  return [...groups.values()];
}
