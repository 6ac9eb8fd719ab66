import { parseKernel } from '@callgate/engine/internal/profile/profile';
import { profileSubject } from '@callgate/engine/internal/subject/subject';
import { describe, expect, it } from 'vitest';

/** The places of kernel-too-old in a profile, as the text that stands there. */
function tooNew(profile: object, kernel: string): string[] {
  const text = JSON.stringify(profile);
  const target = { native: 'x86_64', kernel: parseKernel(kernel)!, capabilities: [] } as const;
  const { value, diagnostics } = profileSubject('p.json', text, target);
  expect(value).toBeDefined();
  return diagnostics
    .filter(({ code }) => code === 'kernel-too-old')
    .map(({ place }) => JSON.parse(text.slice(place.start, place.end)));
}

const supervised = {
  defaultAction: 'SCMP_ACT_KILL_PROCESS',
  listenerPath: '/run/agent.sock',
  flags: ['SECCOMP_FILTER_FLAG_SPEC_ALLOW', 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'],
  syscalls: [
    { names: ['read'], action: 'SCMP_ACT_ALLOW' },
    { names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' },
    { names: ['mkdirat'], action: 'SCMP_ACT_NOTIFY' },
  ],
};
const [SPEC_ALLOW, WAIT_KILLABLE] = supervised.flags;

// Releases as seccomp(2) states them.
describe('a kernel that is older than what a profile uses', () => {
  it.each([
    ['6.12', []],
    ['5.19', []],
    ['5.18', [WAIT_KILLABLE]],
    ['5.0', [WAIT_KILLABLE]],
    ['4.20', ['SCMP_ACT_NOTIFY', WAIT_KILLABLE]],
    ['4.16', ['SCMP_ACT_NOTIFY', SPEC_ALLOW, WAIT_KILLABLE]],
    ['4.13', ['SCMP_ACT_KILL_PROCESS', 'SCMP_ACT_NOTIFY', SPEC_ALLOW, WAIT_KILLABLE]],
  ])('%s: each is named once, at its place', (kernel, wanted) => {
    expect(tooNew(supervised, kernel).sort()).toEqual(wanted);
  });

  it('nothing is said of a rule that is for later kernels', () => {
    const rule = { names: ['mkdir'], action: 'SCMP_ACT_LOG', includes: { minKernel: '4.14' } };
    expect(tooNew({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] }, '4.9')).toEqual([]);
  });
});
