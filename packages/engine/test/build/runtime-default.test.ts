import { explainCall } from '@callgate/engine/internal/analysis/explain';
import { executes } from '@callgate/engine/internal/bpf/action';
import { type BuildOptions, synthesize } from '@callgate/engine/internal/build/synthesize';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import type { Observation } from '@callgate/engine/internal/recording/recording';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { recordingOf } from '@callgate/testing/recordings';
import { describe, expect, it } from 'vitest';

const CLONE_NEWUSER = 0x1000_0000n;
const SIGCHLD = 17n;

/** As runtimes' defaults do it: namespaces are not for everybody, two families neither, and clone3 hides its flags. */
const DEFAULT = parseProfile(
  JSON.stringify({
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [
      { names: ['read', 'write', 'execve', 'exit_group', 'mmap'], action: 'SCMP_ACT_ALLOW' },
      {
        names: ['clone'],
        action: 'SCMP_ACT_ALLOW',
        args: [{ index: 0, value: 0x7e02_0000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
      },
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
      { names: ['socket'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 40, op: 'SCMP_CMP_LT' }] },
      { names: ['socket'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 40, op: 'SCMP_CMP_GT' }] },
    ],
  }),
).value!;

function built(observations: Parameters<typeof recordingOf>[0], options: BuildOptions = {}) {
  const made = synthesize([recordingOf(observations)], {
    runtimeDefault: { name: 'ours', profile: DEFAULT },
    ...options,
  });
  const target = { native: 'x86_64', kernel: { major: 6, minor: 12 }, capabilities: [] } as const;
  const policy = lowerProfile(made.profile, target).value!;
  const answer = (name: string, ...args: bigint[]) => {
    const { auditArch } = abiOf('x86_64');
    const { action, data } = explainCall(policy, { arch: auditArch, nr: numberOf('x86_64', name)!, args });
    return executes(action) ? 'passes' : data;
  };
  return { ...made, answer };
}

const call = (name: string, more: Partial<Observation> = {}): Observation => ({
  arch: 'x86_64',
  nr: numberOf('x86_64', name)!,
  name,
  count: 1,
  phase: 'run',
  denied: 0,
  ...more,
});
const EPERM = 1;
const ENOSYS = 38;

describe('a profile for containers', () => {
  it('allows what the default restricts under the same conditions', () => {
    const { answer, container } = built([call('read'), call('clone'), call('socket')]);
    expect([answer('clone', SIGCHLD), answer('clone', CLONE_NEWUSER | SIGCHLD)]).toEqual(['passes', EPERM]);
    expect([answer('socket', 2n), answer('socket', 40n)]).toEqual(['passes', EPERM]);
    expect(container).toMatchObject({ runtimeDefault: 'ours', restricted: ['clone', 'socket'] });
  });

  it.each([['clone'], ['clone3']])(
    'answers ENOSYS for clone3, so that libc takes clone, whichever was seen: %s',
    (seen) => {
      const { answer, newer } = built([call('read'), call(seen)]);
      expect(answer('clone3')).toBe(ENOSYS);
      expect(answer('clone', SIGCHLD)).toBe('passes');
      expect(newer).not.toContain('clone3');
    },
  );

  it('takes what is named by hand as it is, and says that it is looser', () => {
    const { answer, container } = built([call('clone')], { allow: ['clone', 'clone3', 'socket'] });
    expect([answer('clone', CLONE_NEWUSER), answer('clone3'), answer('socket', 40n)]).toEqual(
      Array(3).fill('passes'),
    );
    expect(container!.looser).toEqual(expect.arrayContaining(['clone', 'clone3', 'socket']));
  });

  it('has no conditions that would be others on another machine, and says where it is looser then', () => {
    const text = JSON.stringify({
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [
        {
          names: ['clone'],
          action: 'SCMP_ACT_ALLOW',
          args: [{ index: 0, value: 0x7e02_0000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
          excludes: { arches: ['s390x'] },
        },
        {
          names: ['clone'],
          action: 'SCMP_ACT_ALLOW',
          args: [{ index: 1, value: 0x7e02_0000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
          includes: { arches: ['s390x'] },
        },
      ],
    });
    const { container } = built([call('clone')], {
      abis: ['x86_64', 's390x'],
      runtimeDefault: { name: 'ours', profile: parseProfile(text).value! },
    });
    expect(container!.restricted).toEqual([]);
    expect(container!.looser).toContain('clone');
  });

  it('leaves clone out where no process was made', () => {
    const { answer } = built([call('read')]);
    expect(answer('clone', SIGCHLD)).toBe(EPERM);
  });

  it('allows more where recorded arguments need it, and says so', () => {
    const args = [{ values: [String(CLONE_NEWUSER | SIGCHLD)], count: 1 }];
    const { answer, container } = built([call('clone', { args })]);
    expect(answer('clone', CLONE_NEWUSER | SIGCHLD)).toBe('passes');
    expect(container!.looser).toContain('clone');
    expect(container!.restricted).not.toContain('clone');
  });

  it('is not looser than the default unless it was seen to need that', () => {
    const usual = built([call('read'), call('clone')]).container!.looser;
    const { looser } = built([call('read'), call('mount')]).container!;
    expect(looser.filter((name) => !usual.includes(name))).toEqual(['mount']);
    expect(usual).not.toContain('clone');
  });

  it('is told from a profile for this machine', () => {
    expect(synthesize([recordingOf([call('clone')])]).container).toBeUndefined();
  });
});
