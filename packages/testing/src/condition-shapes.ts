import fc from 'fast-check';

/** Rules of one call, by what they ask of its arguments. */
export type Shape = keyof typeof SHAPES;

interface Condition {
  readonly index: number;
  readonly op: string;
  readonly value: number;
  readonly valueTwo?: number;
}
type Conditions = readonly Condition[];

/** Requests of ioctl with a letter in their second byte, small numbers, flags, and numbers that nothing connects. */
const anyValue = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0x5401, max: 0x5470 }) },
  { weight: 2, arbitrary: fc.tuple(fc.nat(255), fc.nat(40)).map(([letter, n]) => (letter << 8) + n) },
  { weight: 2, arbitrary: fc.nat(40) },
  { weight: 1, arbitrary: fc.nat(31).map((bit) => 2 ** bit) },
  { weight: 2, arbitrary: fc.nat(2 ** 32 - 1) },
  { weight: 1, arbitrary: fc.nat(64).map((n) => 2 ** 32 + n) },
);
/** A letter's byte; one or two flags; all but some low or high bits; whatever. */
const anyMask = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0xff00, 0xffff, 0xff, 0x7f, 0x7e020000, 0xfffffff8, 4, 6, 0xf) },
  { weight: 2, arbitrary: fc.nat(31).map((bit) => 2 ** bit) },
  { weight: 1, arbitrary: fc.nat(2 ** 32 - 1) },
);

const equal = (index: number) => anyValue.map((value): Condition => ({ index, op: 'EQ', value }));
const unequal = (index: number) => anyValue.map((value): Condition => ({ index, op: 'NE', value }));
const bound = (index: number) =>
  fc
    .tuple(fc.constantFrom('LT', 'LE', 'GE', 'GT'), anyValue)
    .map(([op, value]): Condition => ({ index, op, value }));
const masked = (index: number) =>
  fc
    .tuple(anyMask, anyValue)
    .map(([value, datum]): Condition => ({ index, op: 'MASKED_EQ', value, valueTwo: both(value, datum) }));
const any = (index: number) => fc.oneof(equal(index), masked(index), unequal(index), bound(index));

/** As many bits as no small diagram tells apart from others like it. */
const scattered = (index: number) =>
  fc
    .tuple(fc.uniqueArray(fc.nat(31), { minLength: 14, maxLength: 14 }), fc.nat(2 ** 32 - 1))
    .map(([bits, datum]): Condition => {
      const value = bits.reduce((mask, bit) => mask + 2 ** bit, 0);
      return { index, op: 'MASKED_EQ', value, valueTwo: both(value, datum) };
    });

/** So many rules that each ask one thing. */
function rules(what: fc.Arbitrary<Condition>, minLength: number, maxLength: number) {
  return fc.array(
    what.map((c): Conditions => [c]),
    { minLength, maxLength },
  );
}

function together(...parts: readonly fc.Arbitrary<Conditions[]>[]): fc.Arbitrary<Conditions[]> {
  return fc.tuple(...parts).map((lists) => lists.flat());
}

/** Rules that ask two things each. */
function pairs(first: fc.Arbitrary<Condition>, second: fc.Arbitrary<Condition>, maxLength: number) {
  return joined([first, second], maxLength);
}

/** Rules that ask several things each. */
function joined(parts: readonly fc.Arbitrary<Condition>[], maxLength: number): fc.Arbitrary<Conditions[]> {
  return fc.array(fc.tuple(...parts), { minLength: 1, maxLength });
}

export const SHAPES = {
  equalities: rules(equal(1), 1, 40),
  'a mask': rules(masked(1), 1, 1),
  masks: rules(masked(1), 2, 5),
  'a mask beside equalities': together(rules(masked(1), 1, 1), rules(equal(1), 1, 24)),
  'many masks': rules(masked(1), 8, 20),
  'masks beside equalities': together(rules(masked(1), 2, 4), rules(equal(1), 1, 24)),
  'a mask beside bounds': together(rules(masked(1), 1, 1), rules(bound(1), 1, 2), rules(equal(1), 0, 6)),
  'a mask beside an inequality': together(rules(masked(1), 1, 1), rules(unequal(1), 1, 1)),
  'bounds beside equalities': together(rules(bound(1), 1, 2), rules(equal(1), 1, 12)),
  'equality and mask in a rule': pairs(equal(0), masked(1), 8),
  'mask and mask in a rule': pairs(masked(0), masked(1), 4),
  'equality and equality in a rule': pairs(equal(0), equal(1), 12),
  'anything in two arguments': together(pairs(any(0), any(2), 4), rules(any(1), 0, 2)),
  'masks of scattered bits': rules(scattered(1), 10, 20),
  'anything in three arguments': joined([any(0), any(1), any(3)], 6),
  'one argument or another': together(rules(any(0), 1, 3), rules(any(2), 1, 3)),
} satisfies Record<string, fc.Arbitrary<Conditions[]>>;

const ACTIONS = ['ALLOW', 'LOG', 'TRAP'] as const;
type Action = (typeof ACTIONS)[number];
const NAMES = ['ioctl', 'fcntl', 'prctl', 'madvise'];

/** The text of a profile that allows one call by rules of a shape. */
export function profileOfShape(shape: Shape): fc.Arbitrary<string> {
  return SHAPES[shape].map((lists) => profileText([['ioctl', allowing(lists)]]));
}

/** The text of a profile that allows up to four calls, each by rules of some shape. */
export const profileOfShapes: fc.Arbitrary<string> = fc
  .array(fc.oneof(...Object.values(SHAPES)), { minLength: 1, maxLength: NAMES.length })
  .map((calls) => profileText(calls.map((lists, i) => [NAMES[i], allowing(lists)])));

/** The text of a profile whose rules of a shape for one call have different actions. */
export const profileOfActions: fc.Arbitrary<string> = fc
  .oneof(...Object.values(SHAPES))
  .chain((lists) =>
    fc.tuple(...lists.map((list) => fc.tuple(fc.constantFrom(...ACTIONS), fc.constant(list)))),
  )
  .map((rules) => profileText([['ioctl', rules]]));

function allowing(lists: readonly Conditions[]): [Action, Conditions][] {
  return lists.map((list) => ['ALLOW', list]);
}

type Rules = readonly (readonly [action: Action, conditions: Conditions])[];

function profileText(calls: readonly (readonly [name: string, rules: Rules])[]): string {
  const syscalls = calls.flatMap(([name, rules]) =>
    rules.map(([action, conditions]) => ({
      names: [name],
      action: `SCMP_ACT_${action}`,
      args: conditions.map((c) => ({ ...c, op: `SCMP_CMP_${c.op}` })),
    })),
  );
  return JSON.stringify({
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: ['SCMP_ARCH_X86_64'],
    syscalls,
  });
}

/** What both numbers have, of their low 32 bits. */
function both(a: number, b: number): number {
  return (a & b) >>> 0;
}
