import { type ActionKind, actionOfWord, executes } from '../bpf/action.ts';
import type { Policy } from '../policy/policy.ts';
import type { Observation } from '../recording/recording.ts';
import { type AbiName, abiOf } from '../syscalls/arch.ts';
import { possibleVerdicts } from './explain.ts';
import { summarize } from './summary.ts';

/** A call that a filter turned away, and how often. */
export interface Denial {
  readonly arch: AbiName;
  readonly nr: number;
  readonly times: number;
  /** Undefined where only the fact is known. */
  readonly how?: ActionKind;
}

/** What the kernel has logged of a call: the SECCOMP_RET_* word, without its data. */
export interface LoggedCall {
  readonly arch: AbiName;
  readonly nr: number;
  readonly code: number;
}

/** Of what the kernel has logged the denials that a policy can have caused: only what it really does. */
export function denialsOf(policy: Policy, logged: readonly LoggedCall[]): Denial[] {
  const denials = logged.flatMap(({ arch, nr, code }): Denial[] => {
    const { kind } = actionOfWord(code);
    const caused = actionsOf(policy, arch, nr).includes(kind);
    return executes(kind) || !caused ? [] : [{ arch, nr, how: kind, times: 1 }];
  });
  return summedUp(denials);
}

/**
 * What a recorder has counted as denied, beside what the log says killed: which of the denied calls were deadly, only the
 * log tells.
 */
export function countedDenials(observations: readonly Observation[], logged: readonly Denial[]): Denial[] {
  const deadly = logged.filter(({ how }) => how?.startsWith('KILL'));
  const counted = observations
    .filter((o) => o.denied > 0 && !deadly.some((d) => d.arch === o.arch && d.nr === o.nr))
    .map(({ arch, nr, denied }): Denial => ({ arch, nr, times: denied }));
  return [...summedUp(counted), ...deadly];
}

/**
 * Calls that a policy lets pass and logs: where a profile logs what a stricter one would deny, those that this one would.
 * Of a call that is logged with some arguments alone, only these may have been counted.
 */
export function passedAndLogged(policy: Policy, counted: readonly Observation[]): Denial[] {
  const calls = counted
    .filter(({ arch, nr, count }) => count > 0 && actionsOf(policy, arch, nr).includes('LOG'))
    .map(({ arch, nr, count }): Denial => ({ arch, nr, how: 'LOG', times: count }));
  return summedUp(calls);
}

/** Whether a policy logs some call with some arguments, and not with others. */
export function logsByArguments(policy: Policy): boolean {
  return summarize(policy).some(({ calls }) =>
    calls.some(({ actions }) => actions.length > 1 && actions.some(({ action }) => action === 'LOG')),
  );
}

function actionsOf(policy: Policy, arch: AbiName, nr: number): ActionKind[] {
  return possibleVerdicts(policy, abiOf(arch), nr).map(({ verdict }) => verdict.action);
}

/** Each call once for each way in which it was denied. */
function summedUp(denials: readonly Denial[]): Denial[] {
  const sums = new Map<string, Denial>();
  for (const denial of denials) {
    const key = `${denial.arch} ${denial.nr} ${denial.how}`;
    sums.set(key, { ...denial, times: denial.times + (sums.get(key)?.times ?? 0) });
  }
  return [...sums.values()];
}
