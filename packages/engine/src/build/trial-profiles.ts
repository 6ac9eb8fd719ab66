import { allowedCalls } from '../analysis/allowed-calls.ts';
import type { Policy } from '../policy/policy.ts';
import { namesAllowed } from '../profile/allowed-calls.ts';
import type { Profile, Rule } from '../profile/profile.ts';
import type { Observation, Recording } from '../recording/recording.ts';
import { resolveProfile } from '../runtime/resolve.ts';
import type { Target } from '../runtime/target.ts';
import type { AbiName } from '../syscalls/arch.ts';
import { type RuntimeDefault, restrictedOn } from './runtime-default.ts';

/** A runtime's default as containers on that target get it: with no conditions on capabilities, machines and kernels left. */
export function defaultOn({ name, profile }: RuntimeDefault, target: Target): RuntimeDefault {
  const { abis, rules, defaultErrnoRet, profile: read } = resolveProfile(profile, target);
  const { defaultAction, flags, hasFlags } = read;
  const span = defaultAction.span;
  return {
    name,
    profile: {
      form: 'oci',
      defaultAction,
      ...(defaultErrnoRet && { defaultErrnoRet }),
      architectures: abis.map(({ token }) => ({ value: token, span })),
      archMap: [],
      flags,
      hasFlags,
      rules: rules.map(
        ({ names, action, errnoRet, conditions, span }, index): Rule => ({
          index,
          names,
          action,
          ...(errnoRet && { errnoRet }),
          conditions,
          span,
        }),
      ),
    },
  };
}

/** A default with the conditions that a newer one has for calls which this one lets pass with all arguments. */
export interface Tightened {
  readonly bound: RuntimeDefault;
  /** The calls that it concerns, such as socket, which newer defaults deny for some families. */
  readonly names: ReadonlySet<string>;
}

/** Tightens a default by the conditions of a newer one; both in their plain form (`defaultOn`). */
export function tightenedBy(own: RuntimeDefault, newer: Profile, target: Target): Tightened {
  const conditional = restrictedOn(newer, target);
  const isAllowing = ({ action }: Rule) => action.value === 'ALLOW';
  const free = new Set(
    own.profile.rules
      .filter((rule) => isAllowing(rule) && rule.conditions.length === 0)
      .flatMap(({ names }) => names.map(({ value }) => value)),
  );
  const names = new Set([...conditional.keys()].filter((name) => free.has(name)));
  const without = (rule: Rule) =>
    isAllowing(rule) ? { ...rule, names: rule.names.filter(({ value }) => !names.has(value)) } : rule;
  const only = (rule: Rule) => ({ ...rule, names: rule.names.filter(({ value }) => names.has(value)) });
  const rules = [...own.profile.rules.map(without), ...newer.rules.filter(isAllowing).map(only)]
    .filter((rule) => rule.names.length > 0)
    .map((rule, index) => ({ ...rule, index }));
  return { bound: { name: own.name, profile: { ...own.profile, rules } }, names };
}

/**
 * The shadow of a profile: what it denies and the bound allows is logged and passes, what the bound denies stays denied. So a
 * workload does under it exactly what it does under the bound, and nothing that is tried is ever looser than that.
 *
 * @param bound in its plain form (`defaultOn`); of what it allows under conditions, the profile allows all or nothing.
 */
export function shadowOf(profile: Profile, bound: Profile): Profile {
  const allowed = new Set(namesAllowed(profile));
  const rules = bound.rules.flatMap((rule) => {
    if (rule.action.value !== 'ALLOW') return [rule];
    const kept = rule.names.filter(({ value }) => allowed.has(value));
    const logged = rule.names.filter(({ value }) => !allowed.has(value));
    const log = { ...rule, action: { ...rule.action, value: 'LOG' as const } };
    return [
      ...(kept.length > 0 ? [{ ...rule, names: kept }] : []),
      ...(logged.length > 0 ? [{ ...log, names: logged }] : []),
    ];
  });
  return { ...bound, rules: rules.map((rule, index) => ({ ...rule, index })) };
}

/** Calls of a recording, denied ones too, that a policy never lets pass and a wider one does: what a profile lacks. */
export function missingCalls(recording: Recording, policy: Policy, wider: Policy): Observation[] {
  const [own, most] = [policy, wider].map(passing);
  return recording.observations.filter(({ arch, nr }) => !own(arch, nr) && most(arch, nr));
}

/**
 * A recording in which these observations count as calls that were made, by the workload: so that a profile can be built with
 * what a filter denied, and with what a runtime calls that its floor does not have.
 */
export function withMissing(recording: Recording, missing: readonly Observation[]): Recording {
  const observations = recording.observations.map((o): Observation => {
    if (!missing.includes(o)) return o;
    return { ...o, count: o.count + o.denied, denied: 0, phase: o.phase === 'runtime' ? 'run' : o.phase };
  });
  return { ...recording, observations };
}

function passing(policy: Policy): (arch: AbiName, nr: number) => boolean {
  const calls = new Set(allowedCalls(policy).map(({ arch, nr }) => `${arch} ${nr}`));
  return (arch, nr) => calls.has(`${arch} ${nr}`);
}
