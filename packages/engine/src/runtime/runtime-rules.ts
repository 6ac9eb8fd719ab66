import { type Action, actionWord } from '../bpf/action.ts';
import { type Diagnostic, error, type Result } from '../diagnostics/diagnostic.ts';
import type { Spanned } from '../diagnostics/span.ts';
import type { CallRule, RuleOrigin } from '../libseccomp/call-rule.ts';
import { type ActionName, actionKind, type Condition, type Profile, type Rule } from '../profile/profile.ts';
import { isKnownName } from '../syscalls/lookup.ts';
import type { Fact } from './fact.ts';
import type { Resolved } from './resolve.ts';

/** libseccomp takes ERRNO values below this (system.h: MAX_ERRNO). */
const MAX_ERRNO = 4095;
const EPERM = 1;
/** Names times conditions; Docker's profile has 400. */
const MAX_CALL_RULES = 20_000;

/** What a runtime makes of a profile: the rules unless it refuses it, and the facts that it does not tell. */
export interface RuntimeReading extends Result<RuntimeRules> {
  readonly facts: readonly Fact[];
}

/** What a runtime asks libseccomp for: seccomp_init's action, then one seccomp_rule_add for each call, in this order. */
export interface RuntimeRules {
  readonly byDefault: Action;
  readonly calls: readonly CallRule[];
  /** What the runtime counts to choose libseccomp's optimisation. */
  readonly entries: number;
}

/** Mirrors runc's libcontainer/seccomp (InitSeccomp, matchCall) and crun's libcrun_generate_seccomp. */
export function runtimeRules(profile: Profile, resolved: Resolved): RuntimeReading {
  return new Reading(profile, resolved).run();
}

class Reading {
  private readonly profile: Profile;
  private readonly resolved: Resolved;
  private readonly diagnostics: Diagnostic[] = [];
  private readonly facts: Fact[] = [];

  constructor(profile: Profile, resolved: Resolved) {
    this.profile = profile;
    this.resolved = resolved;
  }

  run(): RuntimeReading {
    const { diagnostics, facts, profile } = this;
    const { rules, defaultErrnoRet } = this.resolved;
    const byDefault = this.action(profile.defaultAction, defaultErrnoRet);
    const names = rules.reduce((sum, rule) => sum + rule.names.length, 0);
    const size = rules.reduce((sum, r) => sum + r.names.length * Math.max(1, r.conditions.length), 0);
    if (size > MAX_CALL_RULES) {
      const message = `the rules describe ${size} calls; at most ${MAX_CALL_RULES} are read`;
      return { facts, diagnostics: [...diagnostics, tooComplex(profile, message)] };
    }
    if (this.resolved.dialect.checksNotify) this.checkNotify();
    const calls = rules.flatMap((rule) => this.callRules(rule, actionWord(byDefault)));
    return { value: { byDefault, calls, entries: names }, facts, diagnostics };
  }

  /** A rule as the runtime hands it to libseccomp, one name at a time; nothing when it says what the default says. */
  private callRules(rule: Rule, defaultWord: number): CallRule[] {
    const word = actionWord(this.action(rule.action, rule.errnoRet));
    if (word === defaultWord) {
      this.facts.push({ kind: 'rule-equals-default', rule, byDefault: this.profile.defaultAction.span });
      return [];
    }
    this.noteMasks(rule);
    const kept = rule.conditions.slice(0, this.resolved.dialect.mostConditions);
    const conditions = this.splitConditions({ ...rule, conditions: kept });
    const names = new Map(rule.names.map((name) => [name.value, name]));
    return [...names.values()].flatMap((name) => {
      if (!isKnownName(name.value) || this.resolved.skipped.has(name.value)) return [];
      const origin: RuleOrigin = { because: 'rule', rule, span: name.span };
      return conditions.map((together) => ({ rule, name, origin, word, conditions: together }));
    });
  }

  /** Two conditions on one argument make the runtime add every condition as a rule of its own. */
  private splitConditions(rule: Rule): readonly (readonly Condition[])[] {
    const { conditions } = rule;
    const twice = conditions.find((c, i) => conditions.findIndex((o) => o.argument === c.argument) < i);
    if (!twice) return [conditions];
    this.facts.push({ kind: 'conditions-split', rule, condition: twice });
    return conditions.map((c) => [c]);
  }

  private noteMasks(rule: Rule): void {
    for (const condition of rule.conditions) {
      const { operator, value, valueTwo } = condition;
      if (operator !== 'MASKED_EQ') continue;
      if (value === 0n) this.facts.push({ kind: 'mask-empty', rule, condition });
      else if ((valueTwo & ~value) !== 0n) this.facts.push({ kind: 'mask-drops-bits', rule, condition });
    }
  }

  private action(name: Spanned<ActionName>, errno: Spanned<number> | undefined): Action {
    const kind = actionKind(name.value);
    if (kind !== 'ERRNO' && kind !== 'TRACE') {
      if (errno) this.noteStray(name, errno);
      return { kind, data: 0 };
    }
    const written = errno?.value ?? EPERM;
    const data = written & 0xffff;
    if (errno && kind === 'ERRNO' && data >= MAX_ERRNO)
      this.diagnostics.push(
        error(
          'bad-errno',
          `libseccomp refuses the errno ${written}`,
          errno.span,
          `it takes 0 to ${MAX_ERRNO - 1}`,
        ),
      );
    else if (errno && data !== written) this.facts.push({ kind: 'errno-wrapped', errno, kept: data });
    return { kind, data };
  }

  private noteStray({ value: action }: Spanned<ActionName>, errno: Spanned<number>): void {
    if (this.resolved.dialect.strayErrno === 'ignored')
      this.facts.push({ kind: 'errno-ignored', errno, action });
    else
      this.diagnostics.push(
        error(
          'errno-refused',
          `SCMP_ACT_${action} returns no errno`,
          errno.span,
          'remove the errno, or use SCMP_ACT_ERRNO',
        ),
      );
  }

  private checkNotify(): void {
    const { defaultAction, listenerPath } = this.profile;
    if (defaultAction.value === 'NOTIFY')
      this.diagnostics.push(
        error(
          'notify-default',
          'SCMP_ACT_NOTIFY cannot be the default action',
          defaultAction.span,
          'give it to the calls that are to be supervised',
        ),
      );
    for (const { action, names } of this.resolved.rules) {
      if (action.value !== 'NOTIFY') continue;
      const write = names.find((n) => n.value === 'write');
      if (write)
        this.diagnostics.push(error('notify-write', 'SCMP_ACT_NOTIFY cannot be given for write', write.span));
      if (!listenerPath?.value)
        this.diagnostics.push(
          error(
            'notify-without-listener',
            'SCMP_ACT_NOTIFY needs a "listenerPath"',
            action.span,
            'the socket of the process that answers',
          ),
        );
    }
  }
}

/** The fault of a profile whose policy would need more memory than any filter is worth. */
export function tooComplex(profile: Profile, message: string): Diagnostic {
  const span = profile.rules[0]?.span ?? profile.defaultAction.span;
  return error('too-complex', message, span, 'the kernel takes 4096 instructions');
}
