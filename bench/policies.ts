import { readdirSync, readFileSync } from 'node:fs';
import { actionOfWord, executes } from '@callgate/engine/internal/bpf/action';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { runProgram } from '@callgate/engine/internal/bpf/vm';
import type { Call } from '@callgate/engine/internal/diagram/fields';
import { restrictArch } from '@callgate/engine/internal/diagram/restrict';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { type Policy, withoutStub } from '@callgate/engine/internal/policy/policy';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import type { Condition, Profile } from '@callgate/engine/internal/profile/profile';
import { libraryPlan, missingCalls } from '@callgate/engine/internal/runtime/library-plan';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { callsOf } from '@callgate/engine/internal/syscalls/lookup';
import { runLibseccomp } from '@callgate/linux/internal/verify/libseccomp';

const FOLDER = new URL('policies/', import.meta.url);
const NO_ARGUMENTS = [0n, 0n, 0n, 0n, 0n, 0n];

/** The policies beside this file, by name: what sandboxes of several kinds allow. */
export function samplePolicies(): { readonly name: string; readonly profile: Profile }[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({
      name: file.replace('.json', ''),
      profile: parseProfile(readFileSync(new URL(file, FOLDER), 'utf8')).value!,
    }));
}

/** libseccomp's two filters for a profile, and the policy that they are made of, as far as it knows the names. */
export interface Made {
  readonly policy: Policy;
  /** By SCMP_FLTATR_CTL_OPTIMIZE, 1 first; undefined where it comes to no end. */
  readonly programs: readonly (Program | undefined)[];
}

export async function madeByLibseccomp(profile: Profile, target: Target): Promise<Made> {
  const plan = libraryPlan(profile, target)!;
  const levels = [1, 2] as const;
  const results = await Promise.all(
    levels.map((optimize) => runLibseccomp({ ...plan, optimize }, { foreign: false, endian: 'little' })),
  );
  const lacks = results.flatMap((r) => (r.kind === 'filter' ? missingCalls(r.lacking) : []));
  return {
    policy: withoutStub(lowerProfile(profile, { ...target, lacks }).value!),
    programs: results.map((r) => (r.kind === 'filter' ? r.program : undefined)),
  };
}

/** Each call of the native ABI that may be executed, with the arguments of every rule that lets it through. */
export function allowedCalls(profile: Profile, { diagram, root, abis }: Policy): Call[][] {
  const { name: abi, auditArch: arch } = abis[0];
  const rest = restrictArch(diagram, root, arch);
  return callsOf(abi)
    .map(([name, nr]) => {
      const rules = profile.rules.filter((rule) => rule.names.some((n) => n.value === name));
      const lists = [NO_ARGUMENTS, ...rules.map((rule) => argumentsMeeting(rule.conditions))];
      const passes = (call: Call) => executes(actionOfWord(diagram.evaluate(rest, call)).kind);
      const calls = [...new Set(lists.map(String))].map((list) => list.split(',').map(BigInt));
      return calls.map((args) => ({ arch, nr, args })).filter(passes);
    })
    .filter((calls) => calls.length > 0);
}

/** Instructions that run for the mean call; of one call's arguments each list counts alike. */
export function meanOver(program: Program, calls: readonly (readonly Call[])[]): number {
  const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  const executed = (call: Call) => runProgram(program, call, 'little').executed;
  return mean(calls.map((variants) => mean(variants.map(executed))));
}

function argumentsMeeting(conditions: readonly Condition[]): bigint[] {
  const args = [...NO_ARGUMENTS];
  for (const { argument, operator, value, valueTwo } of conditions)
    args[argument] = {
      EQ: value,
      NE: value === 0n ? 1n : 0n,
      LT: value - 1n,
      LE: value,
      GE: value,
      GT: value + 1n,
      MASKED_EQ: value & valueTwo,
    }[operator];
  return args;
}
