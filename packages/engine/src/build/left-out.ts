import type { Recording } from '../recording/recording.ts';
import type { AbiName } from '../syscalls/arch.ts';
import { nameOf } from '../syscalls/lookup.ts';
import type { Bound } from './bound.ts';
import type { Demand, Reason } from './demand.ts';
import type { Limits } from './limits.ts';
import {
  type Alternatives,
  type Restrictions,
  type RuntimeDefault,
  restrictedCalls,
  withoutExceeded,
} from './runtime-default.ts';

/** What is wanted and stays out of a profile, because a bound denies it. */
export type LeftOut =
  /** A call, whatever its arguments; `capability`: the bound allows it to those who have it. */
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly reasons: readonly Reason[];
      readonly capability?: string;
    }
  /** A call with these arguments, null where one is not known; with others it passes. */
  | {
      readonly kind: 'arguments';
      readonly name: string;
      readonly arch: AbiName;
      readonly nr: number;
      readonly values: readonly (string | null)[];
    }
  /** All calls of an ABI. */
  | { readonly kind: 'abi'; readonly arch: AbiName };

/** What a bound makes of what is wanted. */
export interface BoundDemand {
  readonly leftOut: readonly LeftOut[];
  /** The conditions of the calls that stay. */
  readonly restrictions: Restrictions;
  /** Calls that get ENOSYS, so that a library falls back on what the bound allows. */
  readonly refused: readonly string[];
}

/** Takes out of a demand what a bound denies; calls named by hand stay, where the bound yields to that. */
export function boundDemand(
  demand: Demand,
  bound: Bound,
  limits: Limits,
  recordings: readonly Recording[],
  byHand: ReadonlySet<string>,
): BoundDemand {
  const free = bound.yieldsToHand ? byHand : new Set<string>();
  const refused = hidesFlags(limits, free) && demand.swap('clone3', 'clone') ? ['clone3'] : [];
  const leftOut: LeftOut[] = [];
  const restrictions = new Map<string, Alternatives>();
  for (const name of demand.names()) {
    if (free.has(name)) continue;
    const limit = limits.of(name);
    if (limit.kind === 'denied') leftOut.push(deniedCall(name, demand.remove(name), bound));
    else if (limit.kind === 'conditions') restrictions.set(name, limit.alternatives);
  }
  return { leftOut: [...leftOut, ...exceeding(recordings, restrictions, limits)], restrictions, refused };
}

/** The conditions of a runtime's default, where recorded arguments do not need more; nothing stays out. */
export function restrictedByDefault(
  demand: Demand,
  recordings: readonly Recording[],
  natives: readonly AbiName[],
  byHand: ReadonlySet<string>,
  runtimeDefault: RuntimeDefault | undefined,
): BoundDemand {
  const restrictions: Restrictions = runtimeDefault
    ? withoutExceeded(restrictedCalls(runtimeDefault, natives, byHand), recordings)
    : new Map();
  const isCloneRestricted =
    restrictions.has('clone') && !byHand.has('clone3') && demand.swap('clone3', 'clone');
  return { leftOut: [], restrictions, refused: isCloneRestricted ? ['clone3'] : [] };
}

/** clone3(2) has its flags in memory: where it is denied, libraries fall back on clone if they get ENOSYS. */
function hidesFlags(limits: Limits, free: ReadonlySet<string>): boolean {
  return !free.has('clone3') && limits.of('clone3').kind === 'denied' && limits.of('clone').kind !== 'denied';
}

/** A call that a bound denies. */
export function deniedCall(name: string, reasons: readonly Reason[], { profile }: Bound): LeftOut {
  const rule = profile?.rules.find(
    ({ names, action, includes }) =>
      action.value === 'ALLOW' && names.some((n) => n.value === name) && includes && includes.caps.length > 0,
  );
  const capability = rule?.includes?.caps[0].value;
  return { kind: 'call', name, reasons, ...(capability !== undefined && { capability }) };
}

/** The recorded arguments that do not pass under the conditions, each once. */
function exceeding(recordings: readonly Recording[], restrictions: Restrictions, limits: Limits): LeftOut[] {
  const found = new Map<string, LeftOut>();
  for (const observation of recordings.flatMap((r) => r.observations)) {
    const { arch, nr, count, phase, args = [] } = observation;
    const name = nameOf(arch, nr);
    if (name === undefined || count === 0 || phase === 'runtime' || !restrictions.has(name)) continue;
    for (const { values } of args)
      if (!limits.admits(observation, values))
        found.set(`${arch} ${nr} ${values.join()}`, { kind: 'arguments', name, arch, nr, values });
  }
  return [...found.values()];
}
