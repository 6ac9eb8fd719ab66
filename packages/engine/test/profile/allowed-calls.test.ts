import { describe, expect, it } from 'vitest';
import { allowedCalls } from '../../src/analysis/allowed-calls.ts';
import { shrinkable } from '../../src/build/shrink.ts';
import { lowerProfile } from '../../src/policy/lower.ts';
import { allowsByDefault, namesAllowed, withoutNames } from '../../src/profile/allowed-calls.ts';
import { parseProfile } from '../../src/profile/parse.ts';

const target = {
  native: 'x86_64',
  abis: ['x86_64'],
  kernel: { major: 6, minor: 18 },
  capabilities: [],
} as const;
const profileOf = (document: object) => parseProfile(JSON.stringify(document)).value!;
const docker = { ...target, runtime: { name: 'docker' } } as const;

const profile = profileOf({
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [
    { names: ['read', 'write'], action: 'SCMP_ACT_ALLOW' },
    { name: 'close', action: 'SCMP_ACT_LOG' },
    { names: ['socket'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }] },
    { names: ['write', 'mount'], action: 'SCMP_ACT_KILL_PROCESS' },
    { names: ['bpf'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_BPF'] } },
    { names: ['umount'], action: 'SCMP_ACT_ALLOW' },
  ],
});

describe('the names that a profile allows', () => {
  it('are those of every form of rule that lets calls pass', () => {
    expect(namesAllowed(profile)).toEqual(['read', 'write', 'close', 'socket', 'bpf', 'umount']);
    expect(allowsByDefault(profile)).toBe(false);
    expect(allowsByDefault(profileOf({ defaultAction: 'SCMP_ACT_LOG' }))).toBe(true);
  });

  it('can be taken away, and nothing else goes', () => {
    const smaller = withoutNames(profile, new Set(['write', 'close', 'socket', 'mount']));
    expect(
      smaller.rules.map((rule) => [rule.index, rule.action.value, rule.names.map((n) => n.value)]),
    ).toEqual([
      [0, 'ALLOW', ['read']],
      [1, 'KILL_PROCESS', ['write', 'mount']],
      [2, 'ALLOW', ['bpf']],
      [3, 'ALLOW', ['umount']],
    ]);
    const untouched = withoutNames(profile, new Set(['read']));
    expect(untouched.rules[1].legacyName?.value).toBe('close');
  });
});

describe('the calls that pass on a target', () => {
  const policy = lowerProfile(profile, docker).value!;

  it('are told by meaning', () => {
    const calls = allowedCalls(policy).map(({ name, isConditional }) => `${name}${isConditional ? '?' : ''}`);
    // On x86_64 there is no umount; bpf needs a capability; of two rules for write the one that libseccomp takes counts.
    expect(calls.sort()).toEqual(['close', 'read', 'socket?', 'write'].sort());
  });

  it('are all calls under a profile that allows by default', () => {
    const open = lowerProfile(profileOf({ defaultAction: 'SCMP_ACT_ALLOW' }), target).value!;
    expect(allowedCalls(open).length).toBeGreaterThan(350);
    expect(allowedCalls(open).every(({ isConditional }) => !isConditional)).toBe(true);
  });

  it('can be tried without where the profile names them', () => {
    expect(shrinkable(profile, policy)).toEqual(['close', 'read', 'socket', 'write']);
  });
});
