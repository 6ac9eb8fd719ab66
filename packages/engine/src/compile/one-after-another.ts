import { coverOf } from '../diagram/cover.ts';
import { Diagram, type NodeId } from '../diagram/diagram.ts';
import { type Cube, exitsOf } from '../diagram/value-set.ts';
import type { Costs, Tree } from './decision-tree.ts';
import type { WordIndex } from './words.ts';

/** More places to go to than rules of one call mostly have. */
const MOST_EXITS = 64;
/** More tests of one word than a filter could hold. */
const MOST_TESTS = 2048;
/** What finding the tests of one exit costs. */
const WORK = 2000;
const ALL_ONES = 0xffff_ffffn;

/** A test, and where it leads when it is met. */
type Test = CubeTest | BoundTest;

interface CubeTest {
  readonly kind: 'cube';
  readonly cube: Cube;
  readonly exit: NodeId;
}

interface BoundTest {
  readonly kind: 'atLeast' | 'below';
  readonly k: number;
  readonly exit: NodeId;
}

/**
 * The decision about a word by tests that are asked one after the other, as rules are written: equalities, masks and
 * bounds. Masks beside equalities take thousands of comparisons otherwise. Undefined when there are too many.
 */
export function oneAfterAnother(
  diagram: Diagram,
  node: NodeId,
  word: WordIndex,
  costs: Costs,
): Tree | undefined {
  const field = { first: word * 32, bits: 32 };
  const exits = exitsOf(diagram, node, field, MOST_EXITS);
  if (!exits) return undefined;
  costs.spend(WORK * exits.size);
  const tests = new Map<NodeId, readonly Test[]>();
  let decided = Diagram.FALSE;
  // What is in the way of a larger set is asked for before it. The largest needs no test of its own.
  const bySize = [...exits].sort((a, b) => sizeOf(diagram, a[1]) - sizeOf(diagram, b[1]));
  const last = bySize.pop()![0];
  for (const [exit, values] of bySize) {
    const mine = testsFor(diagram, exit, values, decided, field);
    if (!mine) return undefined;
    tests.set(exit, mine);
    decided = diagram.or(decided, values);
  }
  return chain([...tests.values()].flatMap(keepingFirst), last);
}

/** Tests that the word survives, before those after which it has to be loaded again. */
function keepingFirst(tests: readonly Test[]): Test[] {
  const loses = (test: Test) => (test.kind === 'cube' && losesWord(test.cube) ? 1 : 0);
  return [...tests].sort((a, b) => loses(a) - loses(b));
}

function chain(tests: readonly Test[], last: NodeId): Tree {
  return tests.reduceRight<Tree>((otherwise, test, i) => treeOf(test, otherwise, i === tests.length - 1), {
    kind: 'exit',
    exit: last,
  });
}

function treeOf(test: Test, otherwise: Tree, isLast: boolean): Tree {
  const yes: Tree = { kind: 'exit', exit: test.exit };
  if (test.kind !== 'cube') {
    const [above, below] = test.kind === 'atLeast' ? [yes, otherwise] : [otherwise, yes];
    return { kind: 'atLeast', k: test.k, yes: above, no: below };
  }
  const { cube } = test;
  const [mask, value] = [Number(cube.mask), Number(cube.value)];
  if (cube.mask === ALL_ONES) return { kind: 'equal', k: value, yes, no: otherwise };
  if (value === 0) return { kind: 'anyBit', k: mask, yes: otherwise, no: yes };
  if (isOneBit(mask)) return { kind: 'anyBit', k: mask, yes, no: otherwise };
  return {
    kind: 'masked',
    mask,
    k: value,
    yes,
    no: isLast ? otherwise : { kind: 'reload', next: otherwise },
  };
}

function losesWord({ mask, value }: Cube): boolean {
  return mask !== ALL_ONES && value !== 0n && !isOneBit(Number(mask));
}

function isOneBit(mask: number): boolean {
  return Math.log2(mask) % 1 === 0;
}

/** Tests for a set of values, of which those that were decided before may be met, too: with bounds where that is shorter. */
function testsFor(
  diagram: Diagram,
  exit: NodeId,
  values: NodeId,
  decided: NodeId,
  field: { first: number; bits: number },
): Test[] | undefined {
  const allowed = diagram.or(values, decided);
  const cubes = coverOf(diagram, values, allowed, field, MOST_TESTS)?.cubes;
  const from = edge(diagram, allowed, field, 1);
  const below = edge(diagram, allowed, field, 0);
  const bounded = [from > 0 && from < 2 ** 32, below > 0 && below < 2 ** 32];
  if (!bounded[0] && !bounded[1]) return cubes?.map((cube) => ({ kind: 'cube', cube, exit }));
  const outside = diagram.and(
    bounded[0] ? lowerThan(diagram, field, from) : Diagram.TRUE,
    bounded[1] ? diagram.not(lowerThan(diagram, field, below)) : Diagram.TRUE,
  );
  const rest = diagram.and(values, outside);
  const others = coverOf(diagram, rest, allowed, field, MOST_TESTS)?.cubes;
  const bounds: Test[] = [
    ...(bounded[0] ? [{ kind: 'atLeast', k: from, exit } as const] : []),
    ...(bounded[1] ? [{ kind: 'below', k: below, exit } as const] : []),
  ];
  if (!others || (cubes && cubes.length <= others.length + bounds.length))
    return cubes?.map((cube) => ({ kind: 'cube', cube, exit }));
  return [...bounds, ...others.map((cube): Test => ({ kind: 'cube', cube, exit }))];
}

/** side 1: the smallest value from which on all are in the set; side 0: the first that is not, from 0 on. */
function edge(diagram: Diagram, set: NodeId, field: { first: number; bits: number }, side: 0 | 1): number {
  let id = set;
  let value = 0;
  for (let bit = 0; bit < field.bits; bit++) {
    const tested = !diagram.isTerminal(id) && diagram.variable(id) === field.first + bit;
    const [low, high] = tested ? [diagram.low(id), diagram.high(id)] : [id, id];
    const weight = 2 ** (field.bits - 1 - bit);
    if (side === 1) {
      // Where the upper half is all in, the edge is in the lower one.
      if (high === Diagram.TRUE) id = low;
      else {
        value += weight;
        id = high;
      }
    } else if (low === Diagram.TRUE) {
      value += weight;
      id = high;
    } else id = low;
  }
  const isIn = id === Diagram.TRUE;
  return side === 1 ? (isIn ? value : value + 1) : isIn ? value + 1 : value;
}

function lowerThan(diagram: Diagram, field: { first: number; bits: number }, bound: number): NodeId {
  return diagram.not(diagram.atLeast(field, bound));
}

/** How many values a set has, in shares of all. */
function sizeOf(diagram: Diagram, set: NodeId): number {
  const done = new Map<NodeId, number>([
    [Diagram.FALSE, 0],
    [Diagram.TRUE, 1],
  ]);
  const share = (id: NodeId): number => {
    let size = done.get(id);
    if (size === undefined) {
      size = (share(diagram.low(id)) + share(diagram.high(id))) / 2;
      done.set(id, size);
    }
    return size;
  };
  return share(set);
}
