import { type NotableCategory, notableCallsByCategory } from '../syscalls/notable.ts';
import { capabilityChecks, isAlwaysAsked } from './capability-checks.ts';
import type { Judged } from './judged.ts';
import { userNamespaces } from './rules/user-namespaces.ts';

/** A call that an attacker likes and that the filter lets pass, and what else the kernel asks for. */
export interface ExposedCall {
  readonly category: NotableCategory;
  readonly name: string;
  /** What it gives away, in a few words. */
  readonly why: string;
  /** It passes with some arguments alone. */
  readonly isConditional: boolean;
  /**
   * Who gets through: anyone; whoever makes a user namespace, which the profile lets everybody do; or the holder of a capability
   * that the container has not.
   */
  readonly reach: 'anyone' | 'own-namespace' | 'capability';
  /** The capability that the kernel asks for, and of what; nothing where it asks for none. */
  readonly asks?: { readonly capability: string; readonly when: string };
}

/** What of the kernel a profile leaves within reach. */
export interface Exposure {
  readonly calls: readonly ExposedCall[];
  /** Whether a process may make a user namespace, in which it has every capability. */
  readonly hasUserNamespaces: boolean;
}

/** It adds a filter, which only tightens. */
const HARMLESS = 'seccomp';

/** The calls that an attacker likes and that may pass on the machine's own ABI. */
export function exposureOf(judged: Judged): Exposure {
  const { native } = judged;
  const hasUserNamespaces = [...userNamespaces.find(judged)].length > 0;
  const calls = notableCallsByCategory().flatMap(({ category, name, why }): ExposedCall[] => {
    if (name === HARMLESS || !judged.isInKernel(name)) return [];
    const passes = judged.passes(native, name);
    if (passes === 'never') return [];
    const isConditional = passes === 'sometimes';
    return [{ category, name, why, isConditional, ...reachOf(judged, name, hasUserNamespaces) }];
  });
  return { calls, hasUserNamespaces };
}

function reachOf(
  { target }: Judged,
  name: string,
  hasUserNamespaces: boolean,
): Pick<ExposedCall, 'reach' | 'asks'> {
  const checks = capabilityChecks(name);
  const [always] = checks.filter(isAlwaysAsked);
  const [check] = always ? [always] : checks;
  if (!check) return { reach: 'anyone' };
  const asks = { capability: check.capability, when: check.when };
  const isGiven = check.capability
    .split(' or ')
    .some((capability) => target.capabilities.includes(capability));
  if (!always || isGiven) return { reach: 'anyone', asks };
  return { reach: !check.initialOnly && hasUserNamespaces ? 'own-namespace' : 'capability', asks };
}
