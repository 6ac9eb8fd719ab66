import { diffPolicies } from '@callgate/engine/internal/analysis/diff';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { liftPolicy } from '@callgate/engine/internal/lift/lift-policy';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import type { Profile } from '@callgate/engine/internal/profile/profile';
import { formatAction } from '@callgate/engine/internal/report/action';
import type { Target } from '@callgate/engine/internal/runtime/target';
import type { Carrier } from '@callgate/workload/internal/carriers/carrier';
import { answer, parseRow } from './behaviour.ts';

/** On what lists of other sandboxes are read in tests: no runtime between them and Linux 6.18 on x86_64. */
export const SANDBOX_TARGET: Target = {
  native: 'x86_64',
  kernel: { major: 6, minor: 18 },
  capabilities: [],
  runtime: { name: 'strict' },
};

/** What a carrier reads in a text: the profile and its meaning, or the faults as `code@text`. */
export interface ListReading {
  readonly profile?: Profile;
  readonly policy?: Policy;
  /** Errors. */
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

export function readList(carrier: Carrier, text: string, target: Target = SANDBOX_TARGET): ListReading {
  const reading = carrier.read!(text, 'list');
  if (!reading) throw new Error(`${carrier.id} does not take this for its own`);
  const [first] = reading.profiles;
  const carried = first && { ...first, diagnostics: [...reading.diagnostics, ...first.diagnostics] };
  const parsed = carried ? parseProfile(text, { carried: [carried] }) : { diagnostics: reading.diagnostics };
  const lowered = parsed.value && lowerProfile(parsed.value, target);
  const diagnostics = [...parsed.diagnostics, ...(lowered?.diagnostics ?? [])];
  const told = (severity: string) =>
    diagnostics
      .filter((d) => d.severity === severity)
      .map(({ code, place }) => `${code}@${text.slice(place.start, place.end)}`);
  return { profile: parsed.value, policy: lowered?.value, faults: told('error'), warnings: told('warning') };
}

/** The meaning of a text without errors. */
export function listPolicy(carrier: Carrier, text: string, target?: Target): Policy {
  const { policy, faults } = readList(carrier, text, target);
  if (!policy) throw new Error(`${faults.join(', ')} in ${text}`);
  return policy;
}

/** Rows as they would be if they were true. */
export function answeredRows(policy: Policy, rows: readonly string[]): string[] {
  return rows.map((text) => {
    const { abi, nr, args } = parseRow(text);
    const word = policy.diagram.evaluate(policy.root, { arch: abi.auditArch, nr, args });
    return `${text.split('->')[0]}-> ${answer(word)}`;
  });
}

/** The calls of some ABIs that a policy decides otherwise than filters do, the newest first. */
export function differencesFrom(
  policy: Policy,
  filters: readonly Program[],
  abis: readonly string[],
): string[] {
  if (filters.length === 0) throw new Error('no filter was loaded');
  const lifted = liftPolicy(filters, policy.abis[0].name);
  if (!lifted.policy) throw new Error(lifted.fault.why);
  return diffPolicies(policy, lifted.policy)
    .listed.filter(({ arch }) => abis.includes(arch))
    .map(({ arch, name, nr, before, after, witness }) => {
      const [read, loaded] = [before, after].map(({ kind, data }) => formatAction(kind, data));
      return `${arch} ${name ?? nr}(${witness.args.join(', ')}): read as ${read}, loaded ${loaded}`;
    });
}
