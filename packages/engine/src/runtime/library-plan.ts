import { actionWord } from '../bpf/action.ts';
import type { Operator, Profile } from '../profile/profile.ts';
import { type AbiName, abiOf } from '../syscalls/arch.ts';
import { numberOf } from '../syscalls/lookup.ts';
import { multiplexed } from '../syscalls/multiplex.ts';
import { resolveProfile } from './resolve.ts';
import { runtimeRules } from './runtime-rules.ts';
import type { Target } from './target.ts';

/** The calls by which a runtime has libseccomp make a filter. Plain data, which can be sent to another process. */
export interface LibraryPlan {
  /** seccomp_init's action. */
  readonly defaultWord: number;
  /** seccomp_arch_add, by libseccomp's names. */
  readonly architectures: readonly AbiName[];
  /** SCMP_FLTATR_CTL_OPTIMIZE. */
  readonly optimize: 1 | 2;
  /** seccomp_rule_add, in this order. */
  readonly calls: readonly LibraryCall[];
}

interface LibraryCall {
  readonly name: string;
  readonly word: number;
  /** scmp_arg_cmp: argument, enum scmp_compare, two decimal numbers. */
  readonly conditions: readonly (readonly [argument: number, op: number, a: string, b: string])[];
}

/** enum scmp_compare of libseccomp's seccomp.h. */
const COMPARE: Readonly<Record<Operator, number>> = {
  NE: 1,
  LT: 2,
  LE: 3,
  EQ: 4,
  GE: 5,
  GT: 6,
  MASKED_EQ: 7,
};

/** What the target's runtime asks libseccomp for; undefined when the runtime itself refuses the profile. */
export function libraryPlan(profile: Profile, target: Target): LibraryPlan | undefined {
  const resolved = resolveProfile(profile, target);
  const rules = runtimeRules(profile, resolved).value;
  return (
    rules && {
      defaultWord: actionWord(rules.byDefault),
      architectures: resolved.abis.map((abi) => abi.name),
      optimize: resolved.dialect.optimize(rules.entries),
      calls: rules.calls.map(({ name, word, conditions }) => ({
        name: name.value,
        word,
        conditions: conditions.map((c) => [
          c.argument,
          COMPARE[c.operator],
          c.value.toString(),
          c.valueTwo.toString(),
        ]),
      })),
    }
  );
}

/**
 * The calls, as `ABI NAME`, that these tables have and a library lacks, of those to which it gives no number.
 * Where calls go through a multiplexer libseccomp gives their names no number though it knows them.
 */
export function missingCalls(withoutNumber: readonly string[]): string[] {
  return withoutNumber.filter((call) => {
    const [abi, name] = call.split(' ') as [AbiName, string];
    const viaMultiplexer = abiOf(abi).multiplexed && multiplexed(name) !== undefined;
    return !viaMultiplexer && numberOf(abi, name) !== undefined;
  });
}
