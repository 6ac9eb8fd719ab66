import type { Condition } from '@callgate/engine/internal/profile/profile';
import {
  both,
  comparison,
  implies,
  maskedComparison,
  meets,
  ofLowWord,
  opposite,
} from '@callgate/workload/internal/carriers/list/comparisons';
import { expect, it } from 'vitest';

const NOWHERE = { start: 0, end: 1 };
const VALUES = [0n, 1n, 6n, 0xffn, 0xffff_ffffn, 0x1_0000_0000n, 0x1_0000_0006n, (1n << 64n) - 1n];
const CONDITIONS: readonly Condition[] = [
  ...(['EQ', 'NE', 'LT', 'LE', 'GE', 'GT'] as const).flatMap((operator) =>
    VALUES.map((value) => comparison(0, operator, value, NOWHERE)),
  ),
  ...VALUES.flatMap((mask) => VALUES.map((value) => maskedComparison(0, mask, value & mask, NOWHERE))),
];
/** Those and their neighbours. */
const ARGUMENTS = [...new Set(VALUES.flatMap((v) => [v - 1n, v, v + 1n, v ^ 0x1_0000_0000n]))].filter(
  (v) => v >= 0n && v < 1n << 64n,
);
const count = (conditions: readonly Condition[], argument: bigint) =>
  conditions.filter((condition) => meets(condition, argument)).length;

it('one of the conditions that stand for two holds where both do', () => {
  for (const a of CONDITIONS)
    for (const b of CONDITIONS) {
      const joined = both(a, b);
      const wrong = ARGUMENTS.filter((v) => count(joined, v) !== (meets(a, v) && meets(b, v) ? 1 : 0));
      expect(wrong, `${a.operator} ${a.value} ${b.operator} ${b.value}`).toEqual([]);
    }
});

it('one of the conditions that stand for the opposite holds where the condition does not', () => {
  for (const a of CONDITIONS)
    expect(ARGUMENTS.filter((v) => count(opposite(a), v) !== (meets(a, v) ? 0 : 1))).toEqual([]);
});

it('compares the lower half alone', () => {
  for (const a of CONDITIONS) {
    const low = { ...a, value: a.value & 0xffff_ffffn, valueTwo: a.valueTwo & 0xffff_ffffn };
    const wrong = ARGUMENTS.filter((v) => count(ofLowWord(a), v) !== (meets(low, v & 0xffff_ffffn) ? 1 : 0));
    expect(wrong, `${a.operator} ${a.value}`).toEqual([]);
  }
});

it('says of no condition wrongly that it implies another', () => {
  for (const a of CONDITIONS)
    for (const b of CONDITIONS)
      if (implies(a, b)) expect(ARGUMENTS.filter((v) => meets(a, v) && !meets(b, v))).toEqual([]);
});
