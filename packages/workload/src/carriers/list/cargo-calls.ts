import { type Action, actionOfWord } from '@callgate/engine/internal/bpf/action';
import type { CallRule } from '@callgate/engine/internal/libseccomp/call-rule';
import { resolveProfile } from '@callgate/engine/internal/runtime/resolve';
import { runtimeRules } from '@callgate/engine/internal/runtime/runtime-rules';
import type { Abi } from '@callgate/engine/internal/syscalls/arch';
import type { Cargo } from '../carrier.ts';

/** What a profile says of a call, for a list that is to be written. */
export interface CargoCall {
  readonly name: string;
  /** Each where all conditions hold, no two on one argument. */
  readonly cases: readonly { readonly conditions: CallRule['conditions']; readonly action: Action }[];
  /** Where none of them does. */
  readonly otherwise: Action;
}

/** What a profile says on the machine that it is for. */
export interface CargoCalls {
  readonly byDefault: Action;
  /** Those of which it says something else, sorted by name. */
  readonly calls: readonly CargoCall[];
  /** The ABIs that it covers, the native one first. */
  readonly abis: readonly Abi[];
}

/** The calls of a profile as its runtime hands them on. A rule without conditions replaces those with conditions. */
export function callsOfCargo({ profile, target }: Cargo): CargoCalls {
  const resolved = resolveProfile(profile, target);
  const { byDefault, calls } = runtimeRules(resolved.profile, resolved).value ?? {
    byDefault: { kind: 'KILL_PROCESS', data: 0 } as const,
    calls: [],
  };
  const byName = new Map<string, CallRule[]>();
  for (const call of calls) byName.set(call.name.value, [...(byName.get(call.name.value) ?? []), call]);
  const said = [...byName].map(([name, rules]): CargoCall => {
    const whole = rules.find(({ conditions }) => conditions.length === 0);
    if (whole) return { name, cases: [], otherwise: actionOfWord(whole.word) };
    const cases = rules.map(({ conditions, word }) => ({ conditions, action: actionOfWord(word) }));
    return { name, cases, otherwise: byDefault };
  });
  return { byDefault, calls: said.sort((a, b) => (a.name < b.name ? -1 : 1)), abis: resolved.abis };
}

export function sameAction(a: Action, b: Action): boolean {
  return a.kind === b.kind && a.data === b.data;
}
