import { PLAIN } from '@callgate/engine/internal/report/style';
import { attackTable, isOpen } from '@callgate/linux/internal/trials/attack-table';
import { attacksOf } from '@callgate/linux/internal/trials/attacks';
import { creditOf } from '@callgate/linux/internal/trials/judge-trial';
import type { AttackTrial, AttackWay, Credit, WayEnd } from '@callgate/linux/internal/trials/trial';
import { expect, it } from 'vitest';

const denied: WayEnd = { kind: 'returned', result: -1n };

/** Every attack, stopped by the profile but for the calls that `creditOfCall` knows better. */
function trials(creditOfCall: Readonly<Record<string, Credit>>): AttackTrial[] {
  return attacksOf('x86_64').map((attack) => {
    const ways = attack.ways.map((way) => {
      const credit = creditOfCall[way.syscall] ?? 'profile';
      const passed: WayEnd = { kind: 'returned', result: BigInt(-way.reached[0]) };
      return {
        way,
        credit,
        confined: credit === 'none' ? passed : denied,
        control: credit === 'kernel' ? denied : passed,
      };
    });
    return { attack, ways, credit: creditOf(ways) };
  });
}

const needsNothing = () => false;
const rowOf = (rows: readonly (readonly string[])[], id: string) => rows.find((row) => row[1] === id);

it('names the sibling through which an effect is open', () => {
  const all = trials({ mkdir: 'none' });
  const { rows, summary } = attackTable(all, needsNothing, PLAIN);
  expect(rowOf(rows, 'make-directory')?.slice(0, 5)).toEqual([
    '✗',
    'make-directory',
    '6',
    'passes',
    'mkdir passes',
  ]);
  expect(rowOf(rows, 'setuid-file')?.slice(0, 5)).toEqual(['✓', 'setuid-file', '12', 'passes', 'EPERM']);
  expect(summary[1]).toBe('✓ 41 stopped by the profile, ✗ 1 open');
  expect(all.filter((trial) => isOpen(trial, needsNothing))).toHaveLength(1);
});

it('does not credit the profile with what the kernel refuses', () => {
  const { rows, summary } = attackTable(trials({ reboot: 'kernel', setns: 'kernel' }), needsNothing, PLAIN);
  expect(rowOf(rows, 'join-namespace')?.slice(0, 5)).toEqual([
    '–',
    'join-namespace',
    '3',
    'EPERM',
    'refused anyway',
  ]);
  expect(summary[1]).toBe('✓ 40 stopped by the profile, – 2 refused by the kernel anyway');
});

it('tells what the program needs from what is open beside it', () => {
  const needsMkdir = ({ syscall }: AttackWay) => syscall === 'mkdir';
  const needed = attackTable(trials({ mkdir: 'none' }), needsMkdir, PLAIN);
  expect(rowOf(needed.rows, 'make-directory')?.[0]).toBe('·');
  expect(rowOf(needed.rows, 'make-directory')?.[4]).toBe('mkdir passes, needed');
  const both = attackTable(trials({ mkdir: 'none', mkdirat: 'none' }), needsMkdir, PLAIN);
  expect(rowOf(both.rows, 'make-directory')?.[0]).toBe('✗');
  expect(rowOf(both.rows, 'make-directory')?.[4]).toBe('mkdirat passes');
});

it('shows open ones beyond the usual, and stays short', () => {
  const { rows } = attackTable(trials({ acct: 'none' }), needsNothing, PLAIN);
  expect(rowOf(rows, 'accounting')?.[0]).toBe('✗');
  const everything = Object.fromEntries(
    attacksOf('x86_64').flatMap(({ ways }) => ways.map((w) => [w.syscall, 'none' as const])),
  );
  expect(attackTable(trials(everything), needsNothing, PLAIN).rows).toHaveLength(17);
});
