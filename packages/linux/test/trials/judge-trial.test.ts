import { creditOf, isReached, isRefused, judgeWay } from '@callgate/linux/internal/trials/judge-trial';
import type { AttackWay, WayEnd } from '@callgate/linux/internal/trials/trial';
import { tryAttacks } from '@callgate/linux/internal/trials/try-attacks';
import { describe, expect, it } from 'vitest';

const EPERM = 1;
const EFAULT = 14;
const ENOSYS = 38;
const SIGSYS = 31;

const way: AttackWay = { abi: 'x86_64', nr: 83, syscall: 'mkdir', args: [1n], reached: [EFAULT] };
const failed = (errno: number): WayEnd => ({ kind: 'returned', result: BigInt(-errno) });
const killed: WayEnd = { kind: 'signal', signal: SIGSYS };
const untried: WayEnd = { kind: 'untried', why: 'no time' };
const passed = failed(EFAULT);

describe('a call', () => {
  it('is reached when it ends as if nothing stopped it', () => {
    expect(isReached(way, passed)).toBe(true);
    expect(isReached(way, failed(EPERM))).toBe(false);
    expect(isReached(way, { kind: 'returned', result: 0n })).toBe(false);
    expect(isReached({ ...way, reached: [0] }, { kind: 'returned', result: 7n })).toBe(true);
    expect(isReached(way, killed)).toBe(false);
    expect(isReached({ ...way, reached: [3] }, { kind: 'ended', status: 3 })).toBe(false);
  });

  it.each([
    ['profile', failed(EPERM), passed],
    ['profile', failed(ENOSYS), passed],
    ['profile', killed, passed],
    ['none', passed, passed],
    ['none', untried, passed],
    ['none', { kind: 'refused', errno: EPERM } as const, passed],
    ['kernel', failed(EPERM), failed(EPERM)],
    // A filter that is there without the profile, too.
    ['kernel', killed, killed],
    ['kernel', passed, failed(EPERM)],
    ['kernel', failed(EPERM), untried],
  ])('is to the credit of: %s', (credit, confined, control) => {
    expect(judgeWay(way, confined, control)).toBe(credit);
  });

  it('is refused by an errno of rights alone', () => {
    expect(isRefused(failed(EPERM))).toBe(true);
    expect(isRefused(failed(ENOSYS))).toBe(false);
    expect(isRefused(killed)).toBe(false);
  });
});

describe('an attack', () => {
  const credit = (...credits: ('profile' | 'kernel' | 'none')[]) =>
    creditOf(credits.map((c) => ({ credit: c })));

  it('is open when one of its calls is, and else the best that there is', () => {
    expect(credit('profile', 'none', 'kernel')).toBe('none');
    expect(credit('kernel', 'profile')).toBe('profile');
    expect(credit('kernel', 'kernel')).toBe('kernel');
  });

  it('is not credited where another call shows that the right is missing', async () => {
    const late = { ...way, asks: { ...way, syscall: 'asks', nr: 999 } };
    const attack = { id: 'a', category: 'files' as const, gain: 'b', ways: [late, way] };
    const asked: string[] = [];
    const [trial] = await tryAttacks(
      [attack],
      async (ways) => ways.map(() => failed(EPERM)),
      async (ways) => {
        asked.push(...ways.map(({ syscall }) => syscall));
        return ways.map(({ syscall }) => (syscall === 'asks' ? failed(EPERM) : passed));
      },
    );
    expect(asked).toEqual(['mkdir', 'mkdir', 'asks']);
    expect(trial.ways.map((w) => w.credit)).toEqual(['kernel', 'profile']);
    expect(trial.ways[0].control).toEqual(failed(EPERM));
  });
});
