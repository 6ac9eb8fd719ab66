import { runProgram } from '@callgate/engine/internal/bpf/vm';
import { compilePolicy } from '@callgate/engine/internal/compile/compile';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import { errnoNumber } from '@callgate/engine/internal/syscalls/arguments';
import { callsOf } from '@callgate/engine/internal/syscalls/lookup';
import { DOCKER_PROFILE } from '@callgate/engine/stock';
import type { CallEnd } from '@callgate/linux/internal/launch/trial-program';
import { tryCalls } from '@callgate/linux/internal/launch/try-calls';
import { answer, type Fixture, fixtureNames, loadFixture, lowerText } from '@callgate/testing/behaviour';
import { describeWith } from '@callgate/testing/requirements';
import { askKernel, type VictimAbi, type VictimCall } from '@callgate/testing/victim';
import { describe, expect, it } from 'vitest';

const SIGSYS = 31;
const LOADED = fixtureNames().map(loadFixture);
const FIXTURES = LOADED.flatMap((f) => f.fixtures);

it.each(LOADED.flatMap((f) => f.refusals))('$name is refused', ({ text, target }) => {
  expect(() => lowerText(text, target)).toThrow();
});

describe.each(FIXTURES)('$name', ({ policy, program, rows }) => {
  it.each(rows)('$text', ({ abi, nr, args, wanted }) => {
    const call = { arch: abi.auditArch, nr, args };
    expect(answer(policy.diagram.evaluate(policy.root, call))).toBe(wanted);
    expect(answer(runProgram(program, call, policy.endian).word)).toBe(wanted);
  });
});

/** The kernel runs x86_64 and i386 victims only; x32 calls are x86_64 calls with bit 30 set. */
function victimOf(abi: string): VictimAbi | undefined {
  if (abi === 'x86_64' || abi === 'x32') return 'x86_64';
  return abi === 'x86' ? 'x86' : undefined;
}

describeWith(['i386'], 'the kernel agrees with the rows of', () => {
  it.each(FIXTURES.filter((f) => f.target.native === 'x86_64'))('$name', async ({ program, rows }) => {
    for (const victim of ['x86_64', 'x86'] as const) {
      const mine = rows.filter((row) => victimOf(row.abi.name) === victim);
      const words = await askKernel(program, victim, mine);
      expect(mine.map((row, i) => `${row.text} gave ${answer(words[i])}`)).toEqual(
        mine.map((row) => `${row.text} gave ${row.wanted}`),
      );
    }
  });
});

/** How a process ends that makes a call which the filter answers so; undefined where the call itself decides. */
function endOf(answer: string): CallEnd | undefined {
  if (answer.startsWith('KILL') || answer.startsWith('TRAP')) return { kind: 'signal', signal: SIGSYS };
  // Nobody traces or listens.
  if (answer.startsWith('TRACE') || answer === 'NOTIFY') return { kind: 'returned', result: -38n };
  const errno = /^ERRNO\((\w+)\)$/.exec(answer)?.[1];
  if (errno === undefined) return undefined;
  return { kind: 'returned', result: BigInt(-(errnoNumber(errno) ?? Number(errno))) };
}

describeWith(['i386'], 'a process ends as the rows say under', () => {
  it.each(FIXTURES.filter((f) => f.target.native === 'x86_64'))('$name', async ({ program, rows }) => {
    const tried = rows.flatMap((row) => {
      const end = victimOf(row.abi.name) && endOf(row.wanted);
      return end ? [{ ...row, end }] : [];
    });
    const ends = await tryCalls(
      tried.map(({ abi, nr, args }) => {
        return { filter: program, nr, args, ...(abi.name === 'x86' && { gate: 'x86' as const }) };
      }),
    );
    expect(tried.map(({ text }, i) => [text, ends[i]])).toEqual(tried.map(({ text, end }) => [text, end]));
  });
});

/** Arguments on which the fixtures' conditions turn, and their neighbours. */
const ARGUMENT_SETS: readonly (readonly bigint[])[] = [
  [0n, 0n, 0n, 0n, 0n, 0n],
  [1n, 2n, 16n, 0n, 0n, 0n],
  [40n, 9n, 6n, 0n, 0n, 0n],
  [0x7e020000n, 0x5401n, 15n, 0n, 0n, 0n],
  [0xffffffffn, 15n, 5n, 0n, 0n, 0n],
  [0x100000028n, 0x100000000n, 0xffffffffn, 0n, 0n, 0n],
  [-1n, -1n, -1n, 0n, 0n, 0n],
];

const stockPolicy = lowerText(DOCKER_PROFILE);
const SWEPT: readonly Pick<Fixture, 'name' | 'policy' | 'program'>[] = [
  // One target of each profile is enough for this.
  ...LOADED.flatMap((f) => f.fixtures.slice(0, 1)).filter((f) => f.target.native === 'x86_64'),
  stock('stock:docker', stockPolicy),
  stock('stock:docker with CAP_SYS_ADMIN', lowerText(DOCKER_PROFILE, { capabilities: ['CAP_SYS_ADMIN'] })),
  stock('stock:docker on x86_64 alone', lowerText(DOCKER_PROFILE, { abis: ['x86_64'] })),
];

function stock(name: string, policy: Fixture['policy']) {
  return { name, policy, program: compilePolicy(policy).program };
}

describeWith(['i386'], `every system call under ${SWEPT.length} filters, kernel and VM agree`, () => {
  it.each(SWEPT)('$name', async ({ policy, program }) => {
    for (const victim of ['x86_64', 'x86'] as const) {
      const abi = abiOf(victim);
      const numbers = [...callsOf(victim).map(([, nr]) => nr), 499, 0x7fffffff, 0x40000000, 0x40000027];
      // uretprobe and uprobe are never filtered (kernel: seccomp_uprobe_exception).
      const filtered = numbers.filter((nr) => victim === 'x86' || (nr !== 335 && nr !== 336));
      const calls = filtered.flatMap((nr): VictimCall[] => ARGUMENT_SETS.map((args) => ({ nr, args })));
      const words = await askKernel(program, victim, calls);
      const wrong = calls.filter((call, i) => {
        const args = call.args.map((a) => BigInt.asUintN(victim === 'x86' ? 32 : 64, a));
        return (
          runProgram(program, { arch: abi.auditArch, nr: call.nr, args }, policy.endian).word !== words[i]
        );
      });
      expect(wrong).toEqual([]);
    }
  });
});
