import { judgeWay } from '@callgate/linux/internal/trials/judge-trial';
import type { Attack, WayEnd, WayTrial } from '@callgate/linux/internal/trials/trial';
import { judgeAttack, judgeCall } from '@callgate/linux/internal/trials/verdicts';
import { describe, expect, it } from 'vitest';

const EPERM: WayEnd = { kind: 'returned', result: -1n };
const EFAULT: WayEnd = { kind: 'returned', result: -14n };
const ENOSYS: WayEnd = { kind: 'returned', result: -38n };
const KILLED: WayEnd = { kind: 'signal', signal: 31 };
const WAITS: WayEnd = { kind: 'signal', signal: 14 };
const UNTRIED: WayEnd = { kind: 'untried', why: 'it cannot write' };

function way(syscall: string, nr: number, confined: WayEnd, control: WayEnd): WayTrial {
  const tried = { abi: 'x86_64', nr, syscall, args: [1n], reached: [14] } as const;
  return { way: tried, confined, control, credit: judgeWay(tried, confined, control) };
}
const mkdir = (confined: WayEnd, control: WayEnd) => way('mkdir', 83, confined, control);
const mkdirat = (confined: WayEnd, control: WayEnd) => way('mkdirat', 258, confined, control);

function judged(ways: readonly WayTrial[], denies = false) {
  const attack: Attack = { id: 'folder', category: 'files', gain: '', ways: ways.map((one) => one.way) };
  const { state, credit, why } = judgeAttack([{ attack, ways, credit: 'none' }], () => denies);
  return { state, credit, why };
}

describe('an attack', () => {
  it.each([
    ['is stopped by the profile', [mkdir(EPERM, EFAULT), mkdirat(KILLED, EFAULT)], 'passed', 'profile'],
    ['is open', [mkdir(EFAULT, EFAULT)], 'failed', 'none'],
    ['is open through a sibling', [mkdir(EFAULT, EFAULT), mkdirat(EPERM, EFAULT)], 'failed', 'none'],
    ['is refused by the kernel anyway', [mkdir(EPERM, EPERM)], 'failed', 'kernel'],
    ['is no call of this kernel', [mkdir(ENOSYS, ENOSYS)], 'failed', 'kernel'],
    [
      'has a call that this kernel lacks',
      [mkdir(ENOSYS, ENOSYS), mkdirat(EPERM, EFAULT)],
      'passed',
      'profile',
    ],
    ['could not be tried', [mkdir(UNTRIED, EFAULT), mkdirat(EPERM, EFAULT)], 'not run', 'none'],
  ] as const)('%s', (_, ways, state, credit) => {
    expect(judged(ways)).toMatchObject({ state, credit });
  });

  it('that the kernel refuses anyway counts when the profile denies it as well, and is not to its credit', () => {
    expect(judged([mkdir(EPERM, EPERM)], true)).toEqual({
      state: 'passed',
      credit: 'kernel',
      why: 'denied by the profile; the kernel refuses it without the profile as well',
    });
  });

  it('says which call is open and which is not', () => {
    expect(judged([mkdir(EFAULT, EFAULT), mkdirat(EPERM, EFAULT)]).why).toBe(
      'open: mkdir passes, though mkdirat is denied',
    );
  });
});

describe('a call', () => {
  it.each([
    ['denied', mkdir(EPERM, EFAULT), 'passed', 'profile'],
    ['denied', mkdir(EFAULT, EFAULT), 'failed', 'none'],
    ['denied', mkdir(EPERM, EPERM), 'failed', 'kernel'],
    ['allowed', mkdir(EFAULT, EFAULT), 'passed', 'none'],
    ['allowed', mkdir(KILLED, EFAULT), 'failed', 'profile'],
    ['allowed', mkdir(UNTRIED, EFAULT), 'not run', 'none'],
  ] as const)('that is to be %s', (expected, trial, state, credit) => {
    expect(judgeCall(trial, expected, () => false)).toMatchObject({ state, credit });
  });

  it.each([
    ['denied', 'passed'],
    ['allowed', 'failed'],
  ] as const)('is not to the credit of the profile where the kernel refuses it: %s', (expected, state) => {
    expect(judgeCall(mkdir(KILLED, EPERM), expected, () => true)).toMatchObject({ state, credit: 'kernel' });
  });

  it.each([
    ['denied', 'failed'],
    ['allowed', 'passed'],
  ] as const)('that waits for as long as it is let gets to the kernel: %s', (expected, state) => {
    expect(judgeCall(mkdir(EFAULT, WAITS), expected, () => false)).toMatchObject({
      state,
      credit: 'none',
      why: expect.stringContaining('EFAULT; it waits without the profile'),
    });
  });

  it('that ends its process is not denied because that is told in another way', () => {
    const ended = mkdir({ kind: 'ended', status: 0 }, { kind: 'returned', result: 0n });
    expect(judgeCall(ended, 'denied', () => false)).toMatchObject({ state: 'failed', credit: 'none' });
  });

  it.each([
    ['denied', 'passed'],
    ['allowed', 'failed'],
  ] as const)(
    'that profile and kernel both refuse is told by what the profile means: %s',
    (expected, state) => {
      const verdict = judgeCall(mkdir(EPERM, EPERM), expected, () => true);
      expect(verdict).toMatchObject({ state, credit: 'kernel' });
      expect(verdict.why).toContain('the kernel refuses it without the profile as well');
    },
  );
});
