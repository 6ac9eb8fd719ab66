import { compileDecision } from '@callgate/engine/internal/compile/compile';
import { liftPolicy } from '@callgate/engine/internal/lift/lift-policy';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { arePoliciesEqual } from '@callgate/engine/internal/policy/policy';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { OPERATORS } from '@callgate/engine/internal/profile/profile';
import { libraryPlan } from '@callgate/engine/internal/runtime/library-plan';
import type { Target } from '@callgate/engine/internal/runtime/target';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { CONTAINERD_PROFILE, DOCKER_PROFILE, PODMAN_PROFILE } from '@callgate/engine/stock';
import { runLibseccomp } from '@callgate/linux/internal/verify/libseccomp';
import { verifyLibseccomp } from '@callgate/linux/internal/verify/verify';
import { fixtureText } from '@callgate/testing/behaviour';
import { Random } from '@callgate/testing/random-programs';
import { describeWith } from '@callgate/testing/requirements';
import { expect, it } from 'vitest';

const STOCK = { docker: DOCKER_PROFILE, podman: PODMAN_PROFILE, containerd: CONTAINERD_PROFILE };
const SEED = Number(process.env.CALLGATE_SEED ?? 20261122);
const PAIRS = Number(process.env.CALLGATE_FUZZ ?? 80);
const MACHINES = ['x86_64', 'aarch64', 's390x', 'riscv64'] as const;
/** Profiles such as people write. */
const WRITTEN = [
  'common-base',
  'deny-chmod',
  'deny-mkdirat',
  'deny-ptrace',
  'kill-thread-on-mkdir',
  'log-allow-deny',
  'log-everything',
  'log-some',
  'redundant-deny',
  'too-small',
  'web-server',
];

const targetOf = (native: AbiName): Target => ({
  native,
  kernel: { major: 6, minor: 18 },
  capabilities: [],
});

async function held(text: string, native: AbiName) {
  const verification = await verifyLibseccomp(parseProfile(text).value!, targetOf(native));
  const { result, wanted } = verification;
  if ('failure' in result) throw new Error(result.failure);
  return { wanted, ...result };
}

describeWith(['libseccomp'], 'the filter that libseccomp makes is the stated meaning of', () => {
  const subjects = Object.entries(STOCK).flatMap(([name, text]) =>
    MACHINES.map((native) => ({ name, native, text })),
  );

  it.each(subjects)('stock:$name on $native', async ({ text, native }) => {
    const { got, wanted } = await held(text, native);
    expect(arePoliciesEqual(got, wanted)).toBe(true);
  });

  it.each(WRITTEN)('%s', async (name) => {
    const { got, wanted } = await held(fixtureText(name), 'x86_64');
    expect(arePoliciesEqual(got, wanted)).toBe(true);
  });

  it('not that of another profile', async () => {
    const { got } = await held(fixtureText('deny-chmod'), 'x86_64');
    const other = await held(fixtureText('deny-ptrace'), 'x86_64');
    expect(arePoliciesEqual(got, other.wanted)).toBe(false);
  });
});

describeWith(['libseccomp'], 'for many values of one argument', () => {
  const allowed = (i: number) => ({
    names: ['read'],
    action: 'SCMP_ACT_ALLOW',
    args: [{ index: 0, op: 'SCMP_CMP_EQ', value: 3 * i }],
  });

  it.each([10, 100, 300, 1000])('%i of them: the smallest filter is not larger than its', async (n) => {
    const text = JSON.stringify({
      defaultAction: 'SCMP_ACT_ERRNO',
      architectures: ['SCMP_ARCH_X86_64'],
      syscalls: Array.from({ length: n }, (_, i) => allowed(i)),
    });
    const { wanted, instructions } = await held(text, 'x86_64');
    const { program } = compileDecision(wanted, wanted.endian, { objective: 'size' });
    expect(program.length).toBeLessThanOrEqual(instructions);
  });
});

describeWith(['libseccomp'], 'libseccomp in a process of its own', () => {
  const plan = { defaultWord: 0x7fff0000, architectures: ['x86_64'], optimize: 1, calls: [] } as const;
  const native = { foreign: false, endian: 'little' } as const;

  it('answers with a program that can be lifted', async () => {
    const result = await runLibseccomp(plan, native);
    expect(result.kind).toBe('filter');
    if (result.kind !== 'filter') return;
    expect(liftPolicy([result.program], 'x86_64').fault).toBeUndefined();
  });

  it('is killed when it takes too long', async () => {
    expect(await runLibseccomp(plan, native, 1)).toEqual({ kind: 'hangs', seconds: 0.001 });
  });

  it('says what it refuses', async () => {
    const call = { name: 'read', word: 0x00050fff + 1, conditions: [] };
    const result = await runLibseccomp({ ...plan, calls: [call] }, native);
    expect(result).toMatchObject({ kind: 'refused', errno: 22, step: 'seccomp_rule_add', call: 0 });
  });
});

describeWith(['libseccomp'], 'of rules for one call, libseccomp refuses', () => {
  const ACTIONS = ['SCMP_ACT_ERRNO', 'SCMP_ACT_KILL_PROCESS'];
  const VALUES = [2, 3, 9, 2 ** 32, 2 ** 32 + 3];

  /** Two rules, the later one often with the earlier one's conditions but for a value or the last of them. */
  function pair(random: Random): string {
    const condition = (index: number) => ({
      index,
      op: `SCMP_CMP_${random.pick(OPERATORS)}`,
      value: random.pick(VALUES),
      valueTwo: random.pick(VALUES),
    });
    const args = [0, 1].map(condition);
    const kept = args.slice(0, random.chance(0.7) ? 1 : 2);
    const others = kept.map((c) => (random.chance(0.6) ? { ...c, value: random.pick(VALUES) } : c));
    const lists = random.chance(0.7) ? [args, others] : [others, args];
    const syscalls = lists.map((list) => ({
      names: ['read'],
      action: random.pick(ACTIONS),
      args: list,
    }));
    const profile = { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_X86_64'], syscalls };
    return JSON.stringify(profile);
  }

  /** Why the two disagree, if they do; where the library does not come to an end there is nothing to compare. */
  async function disagreement(text: string): Promise<string | undefined> {
    const profile = parseProfile(text).value!;
    const { value } = lowerProfile(profile, targetOf('x86_64'));
    const plan = libraryPlan(profile, targetOf('x86_64'))!;
    const result = await runLibseccomp(plan, { foreign: false, endian: 'little' }, 3000);
    met[result.kind] = (met[result.kind] ?? 0) + 1;
    if (result.kind === 'hangs' || (result.kind === 'filter') === (value !== undefined)) return undefined;
    return `${result.kind}, callgate ${value ? 'accepts' : 'refuses'} ${text}`;
  }
  const met: Record<string, number> = {};

  it('those that callgate refuses', { timeout: 120_000 }, async () => {
    const random = new Random(SEED);
    const found: (string | undefined)[] = [];
    for (let run = 0; run < PAIRS; run += 4)
      found.push(...(await Promise.all([0, 1, 2, 3].map(() => disagreement(pair(random))))));
    expect(found.filter((f) => f !== undefined)).toEqual([]);
    expect(met.refused).toBeGreaterThan(PAIRS / 20);
    expect(met.filter).toBeGreaterThan(PAIRS / 3);
  });
});
