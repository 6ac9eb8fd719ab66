import { type Difference, diffDecisions } from '../analysis/diff.ts';
import { actionOfWord, executes, freedomOf } from '../bpf/action.ts';
import { type CallSet, callsWhere } from '../diagram/call-set.ts';
import { adopt } from '../diagram/decision.ts';
import type { Diagram } from '../diagram/diagram.ts';
import { restrict } from '../diagram/restrict.ts';
import { lowerProfile } from '../policy/lower.ts';
import { abisOf, type Policy } from '../policy/policy.ts';
import type { Profile } from '../profile/profile.ts';
import type { Target } from '../runtime/target.ts';
import { type Abi, type AbiName, abiOf, abiOfToken } from '../syscalls/arch.ts';
import { multiplexed } from '../syscalls/multiplex.ts';

/** A machine without its kind: what a bound is read for. */
export type BoundTarget = Omit<Target, 'native' | 'abis'>;

/** What a built profile may not exceed: no call passes that this denies, whatever its arguments, on any ABI. */
export interface Bound {
  /** As it was named, such as stock:docker. */
  readonly name: string;
  readonly target: BoundTarget;
  /** Where it is a profile, whose conditions can be taken over as they are written. */
  readonly profile?: Profile;
  /** What it means on a kind of machine; undefined where it means nothing there. */
  meaningOn(native: AbiName): Policy | undefined;
  /** Calls that are named by hand pass all the same. */
  readonly yieldsToHand?: boolean;
}

/**
 * A profile as a bound for `synthesize`. `yieldsToHand`: calls that are named by hand pass all the same.
 * @example
 * ```js
 * import { parseProfile } from '@callgate/engine';
 * import { profileBound } from '@callgate/engine/build';
 * const { value: profile } = parseProfile('{"defaultAction": "SCMP_ACT_ERRNO"}');
 * const bound = profileBound('mine', profile, { kernel: { major: 6, minor: 12 }, capabilities: [] });
 * bound.meaningOn('x86_64').abis.map((abi) => abi.name); // → ['x86_64']
 * ```
 */
export function profileBound(
  name: string,
  profile: Profile,
  target: BoundTarget,
  yieldsToHand = false,
): Bound {
  const known = new Map<AbiName, Policy | undefined>();
  const meaningOn = (native: AbiName) => {
    if (!known.has(native)) known.set(native, lowerProfile(profile, { ...target, native }).value);
    return known.get(native);
  };
  return { name, target, profile, meaningOn, yieldsToHand };
}

/** A filter as a bound: it is the same on every machine, and says itself which calls of which ABI pass. */
export function filterBound(name: string, policy: Policy, target: BoundTarget): Bound {
  return { name, target, meaningOn: () => policy };
}

/** An ABI on a kind of machine, and what the bound decides there. */
export interface BoundAbi {
  readonly abi: Abi;
  /** The calls of a number that pass, by their arguments, in a diagram that all share. */
  passing(nr: number): CallSet;
}

/** Every ABI of the profile on every kind of machine that it is for. */
export function boundAbis(
  bound: Bound,
  natives: readonly AbiName[],
  abis: readonly AbiName[],
  diagram: Diagram,
): BoundAbi[] {
  return natives.flatMap((native) => {
    const policy = bound.meaningOn(native);
    const root = policy ? adopt(diagram, policy) : diagram.terminal(0);
    return [native, ...runnable(native, abis)].map((name) => ({
      abi: abiOf(name),
      passing: (nr) =>
        callsWhere(diagram, restrict(diagram, root, abiOf(name).auditArch, nr), (word) =>
          executes(actionOfWord(word).kind),
        ),
    }));
  });
}

/** Those of the ABIs that a kernel runs beside its own. */
function runnable(native: AbiName, abis: readonly AbiName[]): AbiName[] {
  return abiOf(native).subAbis.filter((abi) => abis.includes(abi));
}

/**
 * What passes under a profile and not under a bound, on any of the machines: empty is a proof that it is not looser. ABIs that a
 * kernel does not run are not asked about there.
 */
export function looserThan(profile: Profile, bound: Bound, natives: readonly AbiName[]): Difference[] {
  return natives.flatMap((native) => {
    const names = new Set([native, ...abiOf(native).subAbis]);
    const architectures = profile.architectures.filter(({ value }) => names.has(abiOfToken(value)!.name));
    const { runtime, ...machine } = bound.target;
    const built = lowerProfile({ ...profile, architectures }, { ...machine, native }).value;
    const allowed = bound.meaningOn(native);
    if (!built || !allowed) return [];
    // What passes under both, or does not under the profile, is no difference, whatever it gets.
    const { diagram } = allowed;
    const freer = diagram.combine(allowed.root, adopt(diagram, built), (before, after) =>
      freedom(after) > freedom(before) ? after : before,
    );
    return diffDecisions(allowed, { diagram, root: freer }, abisOf(allowed, built)).listed;
  });
}

function freedom(word: number): number {
  return freedomOf(actionOfWord(word).kind);
}

/** Which of the wanted calls make a profile looser: those of the differences, and what goes through their multiplexer. */
export function callsBehind(looser: readonly Difference[], wanted: readonly string[]): string[] {
  const names = new Set(looser.flatMap(({ name }) => name ?? []));
  return wanted.filter((name) => names.has(name) || names.has(multiplexed(name)?.through ?? ''));
}
