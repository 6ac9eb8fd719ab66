/**
 * Docker's default profile: size of the filter, instructions that run, and time to lower, compile, prove, lift and diff.
 * Then, for policies of several kinds of sandboxes (bench/policies), the default objective beside both of libseccomp's levels.
 * Each mean stands beside the exact optimum: the best tree of comparisons on the number, and four instructions more
 * (load arch, compare, load nr, return). Arguments that are looked at come on top of it.
 *   npx tsx -C @callgate/source bench/compile.ts
 */
import { cachedAbis, cachedCalls } from '@callgate/engine/internal/analysis/bitmap';
import { diffPolicies } from '@callgate/engine/internal/analysis/diff';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { runProgram } from '@callgate/engine/internal/bpf/vm';
import { compileDecision, compilePolicy, compileUnproved } from '@callgate/engine/internal/compile/compile';
import { type CallWeight, type Objective, uniformWeights } from '@callgate/engine/internal/compile/weights';
import { rangesOf } from '@callgate/engine/internal/compile/words';
import { Diagram } from '@callgate/engine/internal/diagram/diagram';
import { restrictArch } from '@callgate/engine/internal/diagram/restrict';
import { liftProgram } from '@callgate/engine/internal/lift/symbolic-execution';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import type { Policy } from '@callgate/engine/internal/policy/policy';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { libraryPlan } from '@callgate/engine/internal/runtime/library-plan';
import type { Target } from '@callgate/engine/internal/runtime/target';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { CONTAINERD_PROFILE, DOCKER_PROFILE } from '@callgate/engine/stock';
import { runLibseccomp } from '@callgate/linux/internal/verify/libseccomp';
import { optimalMean } from './optimum.ts';
import { allowedCalls, madeByLibseccomp, meanOver, samplePolicies } from './policies.ts';

const MIX = 'read write futex epoll_wait openat close mmap clock_nanosleep recvfrom sendto'.split(' ');
const X86_64 = 0xc000003e;
const ROUNDS = 40;
const NO_ARGUMENTS = [0n, 0n, 0n, 0n, 0n, 0n];

const KERNEL = { major: 6, minor: 18 };
const profile = parseProfile(DOCKER_PROFILE).value!;
const targetOf = (abis: readonly AbiName[]): Target => ({
  native: 'x86_64',
  abis,
  kernel: KERNEL,
  capabilities: [],
});
const lower = (abis: readonly AbiName[]) => lowerProfile(profile, targetOf(abis)).value!;

/** Median milliseconds of a task that is warm. */
function time(task: () => void): string {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    task();
    return performance.now() - start;
  });
  return `${times.sort((a, b) => a - b)[ROUNDS / 2].toFixed(2)} ms`;
}

function meanExecuted(program: Program, weights: readonly CallWeight[]): string {
  const runs = weights.map(
    ({ arch, nr }) => runProgram(program, { arch, nr, args: NO_ARGUMENTS }, 'little').executed,
  );
  return (runs.reduce((a, b) => a + b, 0) / runs.length).toFixed(2);
}

/** Four instructions, and the best mean number of comparisons on the number. */
function optimum({ diagram, root }: Policy, weights: readonly CallWeight[]): string {
  const node = restrictArch(diagram, root, X86_64);
  const ranges = rangesOf(diagram, node, 1, { bits: 0, low: 0 }, 10_000)!;
  const share = ({ low, high }: { low: number; high: number }) =>
    weights.filter((w) => w.nr >= low && w.nr <= high).length;
  return (4 + optimalMean(ranges, share)).toFixed(2);
}

/** By kind of weights, for x86_64 alone: ranges that nobody asks for, such as x32's, cost nothing in the optimum. */
const alone = lower(['x86_64']);
const OPTIMA = new Map(
  ['uniform', 'mix', 'denied'].map((kind) => [kind, optimum(alone, weightsOf(kind, alone))]),
);

function weightsOf(kind: string, policy: Policy): CallWeight[] {
  const uniform = uniformWeights(policy);
  if (kind === 'uniform') return uniform;
  if (kind === 'mix') return MIX.map((name) => ({ arch: X86_64, nr: numberOf('x86_64', name)!, weight: 1 }));
  const allowed = new Set(uniform.map((w) => w.nr));
  return Array.from({ length: 471 }, (_, nr) => ({ arch: X86_64, nr, weight: 1 })).filter(
    (w) => !allowed.has(w.nr),
  );
}

console.log(
  'ABIs            objective  for       instructions  executed  optimum  cached   lower     compile   and prove',
);
for (const abis of [['x86_64'], ['x86_64', 'x86', 'x32']] as const) {
  const policy = lower(abis);
  for (const objective of ['size', 'mean', 'bitmap'] as const satisfies readonly Objective[])
    for (const kind of ['uniform', 'mix', 'denied']) {
      const weights = weightsOf(kind, policy);
      const options = { objective, weights };
      const { endian } = policy;
      const program = compileDecision(policy, endian, options).program;
      const cached = cachedAbis(policy.abis, KERNEL).map(
        (abi) => cachedCalls([program], abi).filter((call) => !call.uncached).length,
      );
      const columns = [
        abis.join('+').padEnd(15),
        objective.padEnd(10),
        kind.padEnd(9),
        String(program.length).padStart(12),
        meanExecuted(program, weights).padStart(9),
        OPTIMA.get(kind)!.padStart(8),
        cached.join('+').padStart(7),
        time(() => lower(abis)).padStart(10),
        time(() => compileUnproved(policy, endian, options)).padStart(10),
        time(() => compileDecision(policy, endian, options)).padStart(10),
      ];
      console.log(columns.join(' '));
    }
}

const all: readonly AbiName[] = ['x86_64', 'x86', 'x32'];
const result = await runLibseccomp(libraryPlan(profile, targetOf(all))!, {
  foreign: false,
  endian: 'little',
});
if (result.kind === 'filter') {
  const { program } = result;
  const cached = cachedAbis(lower(all).abis, KERNEL).map(
    (abi) => cachedCalls([program], abi).filter((c) => !c.uncached).length,
  );
  const means = ['uniform', 'mix', 'denied'].map((kind) =>
    meanExecuted(program, weightsOf(kind, lower(all))),
  );
  console.log(
    `libseccomp ${result.release}: ${program.length} instructions, executed ${means.join(' / ')}, cached ${cached.join('+')}; lifted in ${time(() => liftProgram(program, new Diagram(), 'little'))}`,
  );
}
const docker = lower(all);
const other = parseProfile(CONTAINERD_PROFILE).value!;
const containerd = lowerProfile(other, targetOf(all)).value!;
const both = () => diffPolicies(lower(all), lowerProfile(other, targetOf(all)).value!);
console.log(
  `diff of Docker's and containerd's defaults, from two policies: ${time(() => diffPolicies(docker, containerd))}; lowering included: ${time(both)}`,
);

console.log('');
console.log(
  'policy             ABIs            instructions: callgate  libseccomp 1     2   executed: callgate  libseccomp 1      2',
);
for (const { name, profile } of samplePolicies()) {
  const target: Target = { native: 'x86_64', kernel: KERNEL, capabilities: [], runtime: { name: 'strict' } };
  const { policy, programs } = await madeByLibseccomp(profile, target);
  const calls = allowedCalls(profile, policy);
  const all = [compilePolicy(policy).program, ...programs];
  const lengths = all.map((program) => program?.length ?? '-');
  const means = all.map((program) => (program ? meanOver(program, calls).toFixed(2) : '-'));
  const columns = [
    name.padEnd(18),
    policy.abis
      .map((abi) => abi.name)
      .join('+')
      .padEnd(15),
    ...[lengths[0], ...lengths.slice(1), ...means].map((n, i) =>
      String(n).padStart([22, 13, 5, 19, 13, 6][i]),
    ),
  ];
  console.log(columns.join(' '));
}
