import { diffPolicies } from '@callgate/engine/internal/analysis/diff';
import { actionOfWord, executes, freedomOf } from '@callgate/engine/internal/bpf/action';
import { runProgram } from '@callgate/engine/internal/bpf/vm';
import { type Bound, profileBound } from '@callgate/engine/internal/build/bound';
import { CURRENT } from '@callgate/engine/internal/build/runtime-default';
import { type BuildOptions, synthesize } from '@callgate/engine/internal/build/synthesize';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import type { Profile } from '@callgate/engine/internal/profile/profile';
import { stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import type { Observation } from '@callgate/engine/internal/recording/recording';
import { ociForm } from '@callgate/engine/internal/runtime/oci-form';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { stockProfiles } from '@callgate/engine/internal/stock/stock-profiles';
import { type AbiName, abiOf, abiOfToken } from '@callgate/engine/internal/syscalls/arch';
import { callsOf } from '@callgate/engine/internal/syscalls/lookup';
import { boundaryCalls } from '@callgate/testing/boundary-calls';
import { NaiveFilter, type PlainProfile } from '@callgate/testing/naive-evaluator';
import { ABI_SETS, profileText, randomCase } from '@callgate/testing/random-profiles';
import { Random } from '@callgate/testing/random-programs';
import { recordingOf } from '@callgate/testing/recordings';
import { describe, expect, it } from 'vitest';

const SEED = Number(process.env.CALLGATE_SEED ?? 20261129);
const CALLS = 400;
const VALUES = [
  '0',
  '1',
  '2',
  '16',
  '17',
  '40',
  '268435473',
  '2114060288',
  '4294967295',
  '18446744073709551615',
];

/** Random calls of some ABIs; those that containers are restricted in more often than others. */
function observations(random: Random, abis: readonly AbiName[]): Observation[] {
  const liked = [
    'clone',
    'clone3',
    'socket',
    'personality',
    'unshare',
    'mount',
    'ptrace',
    'ipc',
    'socketcall',
  ];
  return Array.from({ length: 5 + random.below(40) }, (): Observation => {
    const arch = random.pick(abis);
    const all = callsOf(arch);
    const wanted = random.chance(0.3) ? all.filter(([name]) => liked.includes(name)) : all;
    const [name, nr] = random.pick(wanted.length > 0 ? wanted : all);
    const values = Array.from({ length: 6 }, () => (random.chance(0.2) ? null : random.pick(VALUES)));
    const args = random.chance(0.5) ? [{ values, count: 1 }] : undefined;
    return { arch, nr, name, count: 1, phase: 'run', denied: 0, ...(args && { args }) };
  }).filter((o, i, list) => list.findIndex(({ arch, nr }) => arch === o.arch && nr === o.nr) === i);
}

/** A profile as the second reading of profiles takes it. */
function plain({ defaultAction, defaultErrnoRet, architectures, rules }: Profile): PlainProfile {
  return {
    defaultAction: defaultAction.value,
    ...(defaultErrnoRet && { defaultErrnoRet: defaultErrnoRet.value }),
    architectures: architectures.map(({ value }) => abiOfToken(value)!.name),
    syscalls: rules.map(({ names, action, errnoRet, conditions }) => ({
      names: names.map(({ value }) => value),
      action: action.value,
      ...(errnoRet && { errnoRet: errnoRet.value }),
      args: conditions.map(({ argument, operator, value, valueTwo }) => ({
        index: argument,
        op: operator,
        value,
        valueTwo,
      })),
    })),
  };
}

/** Builds a profile and holds it against its bound, by the engine's own comparison and by asking both about calls. */
function expectWithin(
  random: Random,
  bound: Bound,
  naive: { readonly filter: NaiveFilter; readonly profile: PlainProfile },
  target: Target,
  abis: readonly AbiName[],
  options: BuildOptions = {},
): number {
  const recording = recordingOf(observations(random, abis), { machine: { arch: abis[0], kernel: '6.18.0' } });
  const { profile, bounded, reasons } = synthesize([recording], { ...options, bound });
  expect(bounded!.looser).toEqual([]);
  const { value: read, diagnostics } = parseProfile(stringifyProfile(profile));
  if (!read) throw new Error(`${diagnostics[0].message}\n${stringifyProfile(profile)}`);
  const built = lowerProfile(read, { ...target, runtime: undefined }).value!;
  const { listed, isComplete } = diffPolicies(bound.meaningOn(abis[0])!, built);
  expect(isComplete && listed.filter(({ change }) => change === 'loosened')).toEqual([]);
  const { program } = compilePolicy(built);
  const word = (call: { arch: number; nr: number; args: readonly bigint[] }) =>
    runProgram(program, call, built.endian).word;
  const own = new NaiveFilter(plain(read), { runtime: 'runc', native: abis[0] });
  const calls = [
    ...boundaryCalls(random, naive.profile, naive.filter, CALLS),
    ...boundaryCalls(random, plain(read), own, CALLS),
  ];
  const freer = calls.filter(
    (call) =>
      freedomOf(actionOfWord(word(call)).kind) > freedomOf(actionOfWord(naive.filter.answer(call)).kind),
  );
  expect(freer).toEqual([]);
  return calls.filter((call) => executes(actionOfWord(word(call)).kind)).length + reasons.size;
}

describe('a bounded profile', () => {
  it.each(stockProfiles().map((stock) => [stock.name, stock.seen[0], stock] as const))(
    'lets no call pass that %s %s denies, whatever was recorded',
    async (name, _release, stock) => {
      const random = new Random(SEED);
      const profile = parseProfile(await stock.text(), { unknownNames: 'skip' }).value!;
      let passing = 0;
      for (const abis of [
        ['x86_64', 'x86', 'x32'],
        ['aarch64', 'arm'],
      ] as const)
        for (const capabilities of [[], ['CAP_SYS_ADMIN', 'CAP_SYS_CHROOT']]) {
          const target = { native: abis[0], kernel: CURRENT, capabilities };
          const bound = profileBound(name, profile, { kernel: CURRENT, capabilities });
          const oci = plain(ociForm(profile, target));
          const filter = new NaiveFilter(oci, {
            runtime: name === 'podman' ? 'crun' : 'runc',
            native: abis[0],
          });
          const options = random.chance(0.3) ? { tighten: { minRuns: 1, mostValues: 16 } } : {};
          passing += expectWithin(random, bound, { filter, profile: oci }, target, abis, options);
        }
      expect(passing).toBeGreaterThan(100);
    },
  );

  it('lets no call pass that a random profile denies', () => {
    const random = new Random(SEED);
    let met = 0;
    for (let i = 0; i < 120; i++) {
      const abis = random.pick(ABI_SETS);
      const subject = randomCase(random, abis);
      const filter = new NaiveFilter(subject.profile, subject.machine);
      const profile = parseProfile(profileText(subject)).value!;
      const rest = {
        kernel: { major: 6, minor: 18 },
        capabilities: [],
        runtime: { name: subject.machine.runtime },
      };
      const target = { native: abis[0], ...rest };
      if (filter.refusedAt !== undefined || !lowerProfile(profile, target).value) continue;
      met++;
      const bound = profileBound('random', profile, rest);
      expectWithin(
        random,
        bound,
        { filter, profile: subject.profile },
        target,
        abis.filter(isRunBy(abis[0])),
      );
    }
    expect(met).toBeGreaterThan(40);
  });
});

/** Whether a kernel runs an ABI beside its own. */
function isRunBy(native: AbiName): (abi: AbiName) => boolean {
  return (abi) => abi === native || abiOf(native).subAbis.includes(abi);
}
