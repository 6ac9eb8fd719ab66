import { describe, expect, it } from 'vitest';
import { diffPolicies } from '../../src/analysis/diff.ts';
import { explainCall } from '../../src/analysis/explain.ts';
import {
  defaultOn,
  missingCalls,
  shadowOf,
  tightenedBy,
  withMissing,
} from '../../src/build/trial-profiles.ts';
import { lowerProfile } from '../../src/policy/lower.ts';
import { arePoliciesEqual } from '../../src/policy/policy.ts';
import { parseProfile } from '../../src/profile/parse.ts';
import type { Profile } from '../../src/profile/profile.ts';
import type { Observation, Recording } from '../../src/recording/recording.ts';
import type { Target } from '../../src/runtime/target.ts';
import { stockProfiles } from '../../src/stock/stock-profiles.ts';
import { abiOf } from '../../src/syscalls/arch.ts';
import { numberOf } from '../../src/syscalls/lookup.ts';

const target = (...capabilities: string[]): Target => ({
  native: 'x86_64',
  kernel: { major: 6, minor: 12 },
  capabilities,
});
const parsed = (text: string) => parseProfile(text, { unknownNames: 'skip' }).value!;
const meaning = (profile: Profile, on = target()) => lowerProfile(profile, on).value!;
const allowing = (...names: string[]) =>
  parsed(
    JSON.stringify({
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 1,
      architectures: ['SCMP_ARCH_X86_64'],
      syscalls: [{ names, action: 'SCMP_ACT_ALLOW' }],
    }),
  );
const action = (profile: Profile, name: string, ...args: bigint[]) =>
  explainCall(meaning(profile), { arch: abiOf('x86_64').auditArch, nr: numberOf('x86_64', name)!, args })
    .action;

const seen = (name: string, more: Partial<Observation> = {}): Observation => ({
  arch: 'x86_64',
  nr: numberOf('x86_64', name)!,
  name,
  count: 1,
  phase: 'run',
  denied: 0,
  ...more,
});
const recorded = (...observations: Observation[]): Recording => ({
  schema: 'callgate-recording/1',
  machine: { arch: 'x86_64', kernel: '6.12' },
  recorder: 'ebpf',
  command: [],
  started: '',
  runs: 1,
  lost: 0,
  left: 0,
  ambiguous: 0,
  countsDenied: true,
  lacks: [],
  notes: [],
  observations,
});

describe('the default of a runtime for certain containers', () => {
  const stocks = stockProfiles().map((stock) => [`${stock.name} ${stock.seen[0]}`, stock] as const);
  it.each(stocks)('means the same without its conditions: %s', async (_, stock) => {
    const profile = parsed(await stock.text());
    for (const on of [target(), target('CAP_SYS_ADMIN', 'CAP_SYS_CHROOT')]) {
      const plain = defaultOn({ name: stock.name, profile }, on).profile;
      expect(arePoliciesEqual(meaning(plain, target()), meaning(profile, on))).toBe(true);
    }
  });
});

describe('the shadow of a profile', async () => {
  const docker = stockProfiles()
    .filter(({ name }) => name === 'docker')
    .at(-1)!;
  const bound = defaultOn({ name: 'docker', profile: parsed(await docker.text()) }, target()).profile;
  const shadow = shadowOf(allowing('read', 'personality'), bound);

  it('logs what the profile denies and the bound allows', () => {
    expect(action(shadow, 'read')).toBe('ALLOW');
    expect(action(shadow, 'write')).toBe('LOG');
  });

  it('denies what the bound denies', () => {
    expect(action(shadow, 'mount')).toBe('ERRNO');
    expect(action(shadow, 'clone3')).toBe('ERRNO');
  });

  it('keeps the conditions of the bound, for both', () => {
    expect(action(shadow, 'personality', 0n)).toBe('ALLOW');
    expect(action(shadow, 'personality', 1n)).toBe('ERRNO');
    expect(action(shadow, 'socket', 1n)).toBe('LOG');
    expect(action(shadow, 'socket', 40n)).toBe('ERRNO');
  });

  it('lets nothing pass that the bound denies, whatever the arguments', () => {
    const { listed } = diffPolicies(meaning(bound), meaning(shadow));
    expect(new Set(listed.map(({ after }) => after.kind))).toEqual(new Set(['LOG']));
    expect(new Set(listed.map(({ before }) => before.kind))).toEqual(new Set(['ALLOW']));
  });
});

describe('what a profile lacks', () => {
  const [own, bound] = [meaning(allowing('read')), meaning(allowing('read', 'write', 'close', 'openat'))];
  const recording = recorded(
    seen('read'),
    seen('write', { phase: 'steady' }),
    seen('close', { count: 0, denied: 3 }),
    seen('openat', { phase: 'runtime' }),
    seen('mount', { count: 0, denied: 1 }),
  );

  it('is what was made or denied and the default allows', () => {
    expect(missingCalls(recording, own, bound).map(({ name }) => name)).toEqual(['write', 'close', 'openat']);
  });

  it('counts as made by the workload afterwards', () => {
    const missing = missingCalls(recording, own, bound);
    const made = withMissing(recording, missing).observations.filter(({ count }) => count > 0);
    expect(made.map(({ name, count, phase }) => `${name} ${count} ${phase}`)).toEqual([
      'read 1 run',
      'write 1 steady',
      'close 3 run',
      'openat 1 run',
    ]);
  });
});

describe('a default, tightened by a newer one', () => {
  it('has its conditions for what it let pass whole, and allows nothing more', async () => {
    const docker = stockProfiles().filter(({ name }) => name === 'docker');
    const [old, newest] = await Promise.all(
      [docker[0], docker.at(-1)!].map(
        async (stock) => defaultOn({ name: 'docker', profile: parsed(await stock.text()) }, target()).profile,
      ),
    );
    const { bound, names } = tightenedBy({ name: 'docker', profile: old }, newest, target());
    expect([...names]).toEqual(['socket']);
    expect([old, bound.profile].map((profile) => action(profile, 'socket', 38n))).toEqual(['ALLOW', 'ERRNO']);
    const changes = diffPolicies(meaning(old), meaning(bound.profile)).listed;
    expect(changes.length).toBeGreaterThan(0);
    for (const { change, name } of changes) expect([change, name]).toEqual(['tightened', 'socket']);
  });
});
