import { allowedCalls } from '../analysis/allowed-calls.ts';
import { diffPolicies } from '../analysis/diff.ts';
import { lowerProfile } from '../policy/lower.ts';
import type { Condition, Profile } from '../profile/profile.ts';
import type { Recording } from '../recording/recording.ts';
import { resolveProfile } from '../runtime/resolve.ts';
import type { Target } from '../runtime/target.ts';
import { type AbiName, abiOf, abiOfToken } from '../syscalls/arch.ts';
import { nameOf } from '../syscalls/lookup.ts';

/** The profile that a runtime loads when nobody names one. */
export interface RuntimeDefault {
  /** Such as docker. */
  readonly name: string;
  readonly profile: Profile;
}

/** Whose default a container gets from a runtime; runc and crun have none of their own. */
export const DEFAULT_OF: Readonly<Record<string, 'docker' | 'containerd' | 'podman'>> = {
  docker: 'docker',
  runc: 'docker',
  any: 'docker',
  containerd: 'containerd',
  podman: 'podman',
  crio: 'podman',
  crun: 'podman',
};

/**
 * The conditions under which a runtime's default allows calls on machines, by name; those that it allows without any, that
 * it does not allow, and that are `free` in any case, are left out, and those whose conditions differ from machine to
 * machine, as of clone on s390x. A container has no more capabilities than the runtime gives by itself.
 */
export function restrictedCalls(
  { profile }: RuntimeDefault,
  natives: readonly AbiName[],
  free: ReadonlySet<string>,
): Restrictions {
  const [first, ...others] = natives.map((native) => restrictedOn(profile, targetOf(native)));
  return new Map(
    [...first].filter(
      ([name, conditions]) =>
        !free.has(name) && others.every((other) => areAlike(other.get(name), conditions)),
    ),
  );
}

function areAlike(a: Alternatives | undefined, b: Alternatives): boolean {
  const text = (alternatives: Alternatives) =>
    alternatives.map((conditions) =>
      conditions.map((c) => `${c.argument} ${c.operator} ${c.value} ${c.valueTwo}`).join(),
    );
  return a !== undefined && text(a).join(';') === text(b).join(';');
}

/** The conditions under which a profile's rules allow calls on a target, by name; without those that it allows without any. */
export function restrictedOn(profile: Profile, target: Target): Restrictions {
  const conditional = new Map<string, (readonly Condition[])[]>();
  const free = new Set<string>();
  for (const { names, action, conditions } of resolveProfile(profile, target).rules) {
    if (action.value !== 'ALLOW') continue;
    for (const { value: name } of names)
      if (conditions.length === 0) free.add(name);
      else conditional.set(name, [...(conditional.get(name) ?? []), conditions]);
  }
  return new Map([...conditional].filter(([name]) => !free.has(name)));
}

/** Any of these, each all of its conditions. */
export type Alternatives = readonly (readonly Condition[])[];
/** By name. */
export type Restrictions = ReadonlyMap<string, Alternatives>;

/** Without the calls of which a recording shows arguments that the conditions forbid: the workload needs more. */
export function withoutExceeded(restrictions: Restrictions, recordings: readonly Recording[]): Restrictions {
  const observations = recordings.flatMap((r) => r.observations);
  return new Map(
    [...restrictions].filter(([name, alternatives]) =>
      observations
        .filter((o) => o.count > 0 && nameOf(o.arch, o.nr) === name)
        .flatMap((o) => o.args ?? [])
        .every(({ values }) =>
          alternatives.some((conditions) => conditions.every((c) => mayMeet(c, values))),
        ),
    ),
  );
}

/** Whether arguments meet a condition, as far as they are known. */
function mayMeet(condition: Condition, values: readonly (string | null)[]): boolean {
  const text = values[condition.argument];
  if (text === null || text === undefined) return true;
  const [value, { operator, value: bound, valueTwo }] = [BigInt(text), condition];
  switch (operator) {
    case 'EQ':
      return value === bound;
    case 'NE':
      return value !== bound;
    case 'LT':
      return value < bound;
    case 'LE':
      return value <= bound;
    case 'GT':
      return value > bound;
    case 'GE':
      return value >= bound;
    case 'MASKED_EQ':
      return (value & bound) === valueTwo;
  }
}

/** What a runtime's default allows on one machine, beside what a profile does. */
export interface UsualCalls {
  /** Whose default. */
  readonly name: string;
  /** The calls that it lets pass; those that it does not are left out. */
  readonly calls: ReadonlyMap<string, 'always' | 'conditionally'>;
  /** Those of them that the profile denies whatever the arguments. */
  readonly closed: readonly string[];
  /** Calls that the profile lets pass and the default does not, at least with some arguments. */
  readonly looser: readonly string[];
}

/**
 * Compares a profile with a runtime's default, by the machine's own ABI.
 * @example
 * ```js
 * import { parseProfile } from '@callgate/engine';
 * import { usualCalls } from '@callgate/engine/build';
 * const allowing = (...names) =>
 *   parseProfile(JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names, action: 'SCMP_ACT_ALLOW' }] })).value;
 * const byDefault = { name: 'mine', profile: allowing('read', 'write') };
 * const { closed, looser } = usualCalls(allowing('read', 'mount'), byDefault, 'x86_64');
 * closed; // → ['write']
 * looser; // → ['mount']
 * ```
 */
export function usualCalls(profile: Profile, byDefault: RuntimeDefault, native: AbiName): UsualCalls {
  const allowedBy = (allowing: Profile): UsualCalls['calls'] => {
    const policy = lowerProfile(allowing, targetOf(native)).value;
    const own = (policy ? allowedCalls(policy) : []).filter(({ arch }) => arch === native);
    return new Map(own.map(({ name, isConditional }) => [name, isConditional ? 'conditionally' : 'always']));
  };
  const [calls, mine] = [byDefault.profile, profile].map(allowedBy);
  return {
    name: byDefault.name,
    calls,
    closed: [...calls.keys()].filter((name) => !mine.has(name)).sort(),
    looser: looserOn(profile, byDefault, native),
  };
}

/** The calls that a profile lets pass and a runtime's default does not, at least with some arguments, on any machine. */
export function looserCalls(
  profile: Profile,
  byDefault: RuntimeDefault,
  natives: readonly AbiName[],
): string[] {
  return [...new Set(natives.flatMap((native) => looserOn(profile, byDefault, native)))];
}

function looserOn(profile: Profile, byDefault: RuntimeDefault, native: AbiName): string[] {
  // A machine of one byte order takes no profile that names an ABI of the other.
  const { endian } = abiOf(native);
  const architectures = profile.architectures.filter(({ value }) => abiOfToken(value)?.endian === endian);
  const [usual, built] = [byDefault.profile, { ...profile, architectures }].map(
    (p) => lowerProfile(p, targetOf(native)).value,
  );
  if (!usual || !built) return [];
  const loosened = diffPolicies(usual, built).listed.filter(({ change }) => change === 'loosened');
  return loosened.map(({ name, arch }) => (arch === native ? (name ?? arch) : arch));
}

function targetOf(native: AbiName): Target {
  return { native, kernel: CURRENT, capabilities: [] };
}

/** Defaults allow more on newer kernels (ptrace since 4.8). */
export const CURRENT = { major: 99, minor: 0 };
