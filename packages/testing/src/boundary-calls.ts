import { ABIS, type Abi, abiOf } from '@callgate/engine/internal/syscalls/arch';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { type NaiveFilter, type PlainCall, type PlainProfile, subCallOf } from './naive-evaluator.ts';
import type { PlainCondition } from './naive-rule-list.ts';
import type { Random } from './random-programs.ts';

const ALL_ONES = (1n << 64n) - 1n;
const LOW_WORD = 0xffff_ffffn;
const NO_ARCH = 0x12345678;
const X32_BIT = 0x40000000;

/** A way to make a call: directly, or through a multiplexer that takes the sub-call's number as argument 0. */
interface Way {
  readonly abi: Abi;
  readonly nr: number;
  readonly subCall?: bigint;
}

/** So many calls at which the decisions of a profile may turn; some may come twice. */
export function boundaryCalls(
  random: Random,
  profile: PlainProfile,
  filter: NaiveFilter,
  count: number,
): PlainCall[] {
  const numbers = numberCalls(random, profile, filter);
  const calls = [
    ...sample(random, numbers, count / 4),
    ...sample(random, boundCalls(random, profile, filter), count / 2),
  ];
  const named = [...valuesByName(profile)].map(([name, values]) => ({ ways: waysTo(name, filter), values }));
  const callable = named.filter(({ ways }) => ways.length > 0);
  while (calls.length < count) {
    if (callable.length === 0) calls.push({ ...random.pick(numbers), args: someArgs(random) });
    else {
      const { ways, values } = random.pick(callable);
      const args = values.map((list) => random.pick(list));
      calls.push(callOf(random, random.pick(ways), args));
    }
  }
  return calls;
}

/** Every condition's bounds, with the rule's other conditions met. */
function boundCalls(random: Random, profile: PlainProfile, filter: NaiveFilter): PlainCall[] {
  return profile.syscalls.flatMap((rule) =>
    rule.names.flatMap((name) => {
      const ways = waysTo(name, filter);
      if (ways.length === 0) return [];
      const met = Array.from({ length: 6 }, () => BigInt(random.below(2)));
      for (const condition of rule.args) met[condition.index] = meeting(condition);
      return rule.args.flatMap((condition) =>
        boundsOf(condition).map((bound) =>
          callOf(random, random.pick(ways), met.with(condition.index, bound)),
        ),
      );
    }),
  );
}

/** Numbers beside those of the rules, beside the horizon and at the ends; arches that the filter does not know. */
function numberCalls(random: Random, profile: PlainProfile, filter: NaiveFilter): PlainCall[] {
  const names = [...new Set(profile.syscalls.flatMap((rule) => rule.names))];
  const ends = [0, 1, X32_BIT - 1, X32_BIT, X32_BIT + 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
  const calls = filter.abis.flatMap((abi) => {
    const known = names.flatMap((name) => numberOf(abi.name, name) ?? []);
    const around = [...known, filter.horizon(abi)].flatMap((nr) => [nr, nr - 1, nr + 1, nr ^ X32_BIT]);
    return [...around, ...ends].map((nr) => ({ arch: abi.auditArch, nr: nr >>> 0, args: someArgs(random) }));
  });
  const strangers = [NO_ARCH, abiOf('x86').auditArch, random.pick(ABIS).auditArch];
  const foreign = strangers.map((arch) => ({ arch, nr: random.pick(calls).nr, args: someArgs(random) }));
  return [...calls, ...foreign];
}

function someArgs(random: Random): bigint[] {
  return Array.from({ length: 6 }, () => random.pick([0n, 1n, LOW_WORD + 1n, ALL_ONES]));
}

function waysTo(name: string, filter: NaiveFilter): Way[] {
  return filter.abis.flatMap((abi) => {
    const direct = numberOf(abi.name, name);
    const ways: Way[] = direct === undefined ? [] : [{ abi, nr: direct }];
    const multiplexed = subCallOf(abi, name);
    if (!multiplexed) return ways;
    const nr = numberOf(abi.name, multiplexed[0]);
    return nr === undefined ? ways : [...ways, { abi, nr, subCall: BigInt(multiplexed[1]) }];
  });
}

function callOf(random: Random, { abi, nr, subCall }: Way, args: readonly bigint[]): PlainCall {
  const nearly = subCall !== undefined && random.chance(0.1) ? random.pick(around(subCall)) : subCall;
  return { arch: abi.auditArch, nr, args: nearly === undefined ? args : args.with(0, nearly) };
}

/** For each name and argument, the bounds of all conditions on it. */
function valuesByName(profile: PlainProfile): Map<string, bigint[][]> {
  const values = new Map<string, bigint[][]>();
  for (const { names, args } of profile.syscalls)
    for (const name of names) {
      const lists = values.get(name) ?? Array.from({ length: 6 }, () => [0n, 1n, ALL_ONES]);
      for (const condition of args) lists[condition.index].push(meeting(condition), ...boundsOf(condition));
      values.set(name, lists);
    }
  return values;
}

/** A value that meets the condition, where one does. */
function meeting({ op, value, valueTwo }: PlainCondition): bigint {
  switch (op) {
    case 'NE':
    case 'GT':
      return BigInt.asUintN(64, value + 1n);
    case 'LT':
      return BigInt.asUintN(64, value - 1n);
    case 'MASKED_EQ':
      return value & valueTwo;
    default:
      return value;
  }
}

function boundsOf({ op, value, valueTwo }: PlainCondition): bigint[] {
  const mask = op === 'MASKED_EQ' ? value : ALL_ONES;
  const datum = op === 'MASKED_EQ' ? value & valueTwo : value;
  const lowestBit = mask & -mask;
  const highestBit = mask === 0n ? 0n : 1n << BigInt(mask.toString(2).length - 1);
  return [
    ...around(datum),
    ...[datum ^ lowestBit, datum ^ highestBit, datum ^ (1n << 31n), datum ^ (1n << 32n)],
    // All that the mask leaves out, and datum's halves beside those of other numbers.
    ...[datum | (ALL_ONES ^ mask), datum & LOW_WORD, datum | (LOW_WORD << 32n), datum | LOW_WORD],
    ...[(datum >> 32n) << 32n, ALL_ONES, valueTwo],
  ];
}

function around(value: bigint): bigint[] {
  return [value, BigInt.asUintN(64, value - 1n), BigInt.asUintN(64, value + 1n)];
}

/** So many of a list at most, each as likely. */
function sample<T>(random: Random, list: readonly T[], count: number): T[] {
  const rest = [...list];
  for (let i = 0; i < Math.min(count, rest.length); i++) {
    const other = i + random.below(rest.length - i);
    [rest[i], rest[other]] = [rest[other], rest[i]];
  }
  return rest.slice(0, count);
}
