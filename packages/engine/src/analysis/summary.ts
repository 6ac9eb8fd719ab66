import { type ActionKind, actionOfWord, executes } from '../bpf/action.ts';
import { restrict } from '../diagram/restrict.ts';
import type { Policy } from '../policy/policy.ts';
import type { Abi, AbiName } from '../syscalls/arch.ts';
import { callsOf } from '../syscalls/lookup.ts';
import { notable } from '../syscalls/notable.ts';

/** What happens to a call of the tables: one action whatever its arguments, or several that depend on them. */
export interface CallSummary {
  readonly name: string;
  readonly nr: number;
  /** Each with its errno or message. */
  readonly actions: readonly { readonly action: ActionKind; readonly data: number }[];
}

export interface AbiSummary {
  readonly abi: AbiName;
  readonly calls: readonly CallSummary[];
}

/**
 * What a policy does with every known call of every ABI that it covers.
 * @example
 * ```js
 * import { lowerProfile, parseProfile, summarize } from '@callgate/engine';
 * const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] };
 * const { value: policy } = lowerProfile(parseProfile('{"defaultAction": "SCMP_ACT_LOG"}').value, target);
 * summarize(policy)[0].calls[0]; // → { name: 'read', nr: 0, actions: [{ action: 'LOG', data: 0 }] }
 * ```
 */
export function summarize(policy: Policy): AbiSummary[] {
  return policy.abis.map((abi) => ({
    abi: abi.name,
    calls: callsOf(abi.name).map(([name, nr]) => ({ name, nr, actions: actionsOf(policy, abi, nr) })),
  }));
}

/** Calls that may be executed and that an attacker likes. */
export function notableCalls(summary: AbiSummary): { name: string; why: string; conditional: boolean }[] {
  return summary.calls.flatMap(({ name, actions }) => {
    const why = notable(name);
    const passes = actions.filter((a) => executes(a.action));
    return why && passes.length > 0 ? [{ name, why, conditional: passes.length < actions.length }] : [];
  });
}

/** How many calls pass whatever their arguments. */
export function countPassing(summary: AbiSummary): number {
  return summary.calls.filter((c) => c.actions.every((a) => executes(a.action))).length;
}

function actionsOf(policy: Policy, abi: Abi, nr: number) {
  const { diagram } = policy;
  const node = restrict(diagram, policy.root, abi.auditArch, nr);
  return diagram.wordsOf(node).map((word) => {
    const { kind, data } = actionOfWord(word);
    return { action: kind, data };
  });
}
