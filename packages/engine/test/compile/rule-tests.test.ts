import { describe, expect, it } from 'vitest';
import { compilePolicy } from '../../src/compile/compile.ts';
import type { Objective } from '../../src/compile/weights.ts';
import { lowerProfile } from '../../src/policy/lower.ts';
import { parseProfile } from '../../src/profile/parse.ts';
import type { AbiName } from '../../src/syscalls/arch.ts';
import { callsOf } from '../../src/syscalls/lookup.ts';

function compiled(native: AbiName, rules: readonly object[], objective: Objective = 'size') {
  const text = JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1, syscalls: rules });
  const target = { native, kernel: { major: 6, minor: 12 }, capabilities: [] };
  const { value: policy } = lowerProfile(parseProfile(text).value!, target);
  return compilePolicy(policy!, { objective });
}

interface Mask {
  readonly index: number;
  readonly value: number;
  readonly valueTwo: number;
}

/** Masks of so many bits that have nothing in common. */
function masks(count: number, bits: number, index = 1, seed = 7): Mask[] {
  const next = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((seed / 0x80000000) * below);
  };
  return Array.from({ length: count }, () => {
    const chosen = new Set<number>();
    while (chosen.size < bits) chosen.add(next(32));
    const value = [...chosen].reduce((sum, bit) => sum + 2 ** bit, 0);
    return { index, value, valueTwo: (value & (next(2 ** 31) * 2 + 1)) >>> 0 };
  });
}

const rule = (...args: object[]) => ({ names: ['ioctl'], action: 'SCMP_ACT_ALLOW', args });
const masked = (mask: object) => ({ ...mask, op: 'SCMP_CMP_MASKED_EQ' });

describe('many masks that may hold at once', () => {
  it.each<AbiName>(['x86_64', 's390x', 'x86', 'arm'])('take a load, an AND and a JEQ each on %s', (abi) => {
    const rules = masks(20, 14).map((mask) => rule(masked(mask)));
    const { kind, program } = compiled(abi, rules);
    expect(kind).toBe('proved');
    expect(program.length).toBeLessThanOrEqual(compiled(abi, rules.slice(1)).program.length + 3);
    expect(program.length).toBeLessThanOrEqual(compiled(abi, rules.slice(19)).program.length + 19 * 3);
  });

  it('of two arguments take twice that for each rule', () => {
    const second = masks(12, 14, 2).toReversed();
    const rules = masks(12, 14).map((mask, i) => rule(masked(mask), masked(second[i])));
    const { kind, program } = compiled('x86_64', rules);
    expect(kind).toBe('proved');
    expect(program.length).toBeLessThanOrEqual(compiled('x86_64', rules.slice(11)).program.length + 11 * 6);
  });

  it('of many calls leave each the room that it needs', () => {
    const calls = callsOf('x86_64').slice(0, 100);
    const rules = calls.flatMap(([name], i) =>
      masks(10, 14, 1, i + 1).map((mask) => ({ ...rule(masked(mask)), names: [name] })),
    );
    const { kind, program } = compiled('x86_64', rules);
    expect(kind).toBe('proved');
    // A call takes two more to be found, and a long jump now and then.
    expect(program.length).toBeLessThanOrEqual(compiled('x86_64', []).program.length + 100 * (10 * 3 + 3));
  });

  it.each<Objective>(['mean', 'bitmap'])('can be compiled for %s', (objective) => {
    const rules = masks(20, 14).map((mask) => rule(masked(mask)));
    expect(compiled('x86_64', rules, objective).kind).toBe('proved');
  });
});
