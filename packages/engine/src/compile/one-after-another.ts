import { coverOf, without } from '../diagram/cover.ts';
import { Diagram, type NodeId } from '../diagram/diagram.ts';
import type { Field } from '../diagram/fields.ts';
import { type Cube, cubesOf, exitsOf } from '../diagram/value-set.ts';
import { type Costs, maskTest, type Tree } from './decision-tree.ts';
import { shorter } from './singles.ts';
import { isOneBit, type WordIndex } from './words.ts';

/** More places to go to than rules of one call mostly have. */
const MOST_EXITS = 64;
/** More tests of one word than a filter could hold. */
const MOST_TESTS = 2048;
/** So many of the largest sets are tried as the one that needs no test of its own. */
const BACKGROUNDS = 3;
/** What finding the tests of one exit costs. */
const WORK = 2000;
/** An equality takes one instruction, a mask three with the load behind it. */
const MOST_ADDED = 2;
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
  written: readonly NodeId[],
): Tree | undefined {
  const field = { first: word * 32, bits: 32 };
  const exits = exitsOf(diagram, node, field, MOST_EXITS);
  if (!exits) return undefined;
  // What is in the way of a larger set is asked for before it.
  const bySize = [...exits].sort((a, b) => sizeOf(diagram, a[1]) - sizeOf(diagram, b[1]));
  const chains = bySize.slice(-BACKGROUNDS).flatMap(([last]) => {
    costs.spend(WORK * exits.size);
    const tests = testsTo(diagram, last, bySize, field);
    if (!tests) return [];
    return chain(tests, endOf(diagram, node, tests, field, written) ?? { at: tests.length, exit: last });
  });
  return chains.length === 0 ? undefined : chains.reduce(shorter);
}

/** Tests for everything but one exit, which is where what meets none of them leads. */
function testsTo(
  diagram: Diagram,
  last: NodeId,
  bySize: readonly (readonly [exit: NodeId, values: NodeId])[],
  field: Field,
): Test[] | undefined {
  const tests: Test[] = [];
  let decided = Diagram.FALSE;
  for (const [exit, values] of bySize) {
    if (exit === last) continue;
    const mine = testsFor(diagram, exit, values, decided, field);
    if (!mine) return undefined;
    tests.push(...keepingFirst(mine));
    decided = diagram.or(decided, values);
  }
  return tests;
}

/** After how many tests the rest is decided by what an exit leads to. */
interface End {
  readonly at: number;
  readonly exit: NodeId;
}

/** Where the first test comes that loses the word, if the rest is decided as a node that is written already does. */
function endOf(
  diagram: Diagram,
  node: NodeId,
  tests: readonly Test[],
  field: Field,
  written: readonly NodeId[],
): End | undefined {
  const at = tests.findIndex((test) => test.kind === 'cube' && losesWord(test.cube));
  if (at < 0 || written.length === 0) return undefined;
  const decided = tests
    .slice(0, at)
    .reduce((union, test) => diagram.or(union, metBy(diagram, test, field)), Diagram.FALSE);
  const rest = (id: NodeId) => without(diagram, id, decided);
  const wanted = rest(node);
  const exit = written.find((id) => rest(id) === wanted);
  return exit === undefined ? undefined : { at, exit };
}

function metBy(diagram: Diagram, test: Test, field: Field): NodeId {
  if (test.kind === 'cube') return diagram.maskedEquals(field, test.cube.mask, test.cube.value);
  return test.kind === 'atLeast' ? diagram.atLeast(field, test.k) : lowerThan(diagram, field, test.k);
}

/** Tests that the word survives, before those after which it has to be loaded again; these by their masks. */
function keepingFirst(tests: readonly Test[]): Test[] {
  const maskOf = (test: Test) => (test.kind === 'cube' && losesWord(test.cube) ? Number(test.cube.mask) : -1);
  return [...tests].sort((a, b) => maskOf(a) - maskOf(b));
}

function chain(all: readonly Test[], { at, exit }: End): Tree {
  const end: Tree = { kind: 'exit', exit };
  return all.slice(0, at).reduceRight<Tree>((otherwise, test, i) => {
    const next = i + 1 < at ? all[i + 1] : undefined;
    const previous = all[i - 1];
    // Behind the AND of a mask all values of that mask are asked for.
    if (isSameMask(test, previous))
      return equalTo(test, isSameMask(next, test) ? otherwise : reloaded(otherwise, end));
    return treeOf(test, isSameMask(next, test) ? otherwise : reloaded(otherwise, end), otherwise);
  }, end);
}

function isSameMask(test: Test | undefined, other: Test | undefined): test is CubeTest {
  return (
    test?.kind === 'cube' &&
    other?.kind === 'cube' &&
    losesWord(test.cube) &&
    losesWord(other.cube) &&
    test.cube.mask === other.cube.mask
  );
}

function equalTo({ cube, exit }: CubeTest, no: Tree): Tree {
  return { kind: 'equal', k: Number(cube.value), yes: { kind: 'exit', exit }, no };
}

/** What comes after the word was lost: at the end nothing needs it. */
function reloaded(next: Tree, end: Tree): Tree {
  return next === end ? next : { kind: 'reload', next };
}

function treeOf(test: Test, withoutWord: Tree, otherwise: Tree): Tree {
  const yes: Tree = { kind: 'exit', exit: test.exit };
  if (test.kind !== 'cube') {
    const [above, below] = test.kind === 'atLeast' ? [yes, otherwise] : [otherwise, yes];
    return { kind: 'atLeast', k: test.k, yes: above, no: below };
  }
  if (test.cube.mask === ALL_ONES) return equalTo(test, otherwise);
  return maskTest(Number(test.cube.mask), Number(test.cube.value), yes, otherwise, withoutWord);
}

function losesWord({ mask, value }: Cube): boolean {
  return mask !== ALL_ONES && value !== 0n && !isOneBit(Number(mask));
}

/**
 * The cubes with equalities in the place of those that add but one or two values to the others, and cost more.
 */
function sharpened(diagram: Diagram, cubes: readonly Cube[], decided: NodeId, field: Field): readonly Cube[] {
  if (!cubes.some(losesWord)) return cubes;
  let covered = decided;
  const sharp: Cube[] = [];
  const bySize = cubes.toSorted((a, b) => bitsIn(a.mask) - bitsIn(b.mask));
  for (const cube of bySize) {
    const values = diagram.maskedEquals(field, cube.mask, cube.value);
    const added = losesWord(cube)
      ? cubesOf(diagram, without(diagram, values, covered), field, MOST_ADDED)
      : undefined;
    sharp.push(...(added?.every(({ mask }) => mask === ALL_ONES) ? added : [cube]));
    covered = diagram.or(covered, values);
  }
  return sharp;
}

function bitsIn(mask: bigint): number {
  let count = 0;
  for (let rest = Number(mask); rest !== 0; rest = (rest & (rest - 1)) >>> 0) count++;
  return count;
}

/** Tests for a set of values, of which those that were decided before may be met, too: with bounds where that is shorter. */
function testsFor(
  diagram: Diagram,
  exit: NodeId,
  values: NodeId,
  decided: NodeId,
  field: Field,
): Test[] | undefined {
  const allowed = diagram.or(values, decided);
  const cover = (wanted: NodeId) => {
    const found = coverOf(diagram, wanted, allowed, field, MOST_TESTS);
    return (
      found && sharpened(diagram, found.cubes, diagram.or(decided, without(diagram, values, wanted)), field)
    );
  };
  const cubes = cover(values);
  const from = edge(diagram, allowed, field, 1);
  const below = edge(diagram, allowed, field, 0);
  const bounded = [from > 0 && from < 2 ** 32, below > 0 && below < 2 ** 32];
  if (!bounded[0] && !bounded[1]) return cubes?.map((cube) => ({ kind: 'cube', cube, exit }));
  const outside = diagram.and(
    bounded[0] ? lowerThan(diagram, field, from) : Diagram.TRUE,
    bounded[1] ? diagram.not(lowerThan(diagram, field, below)) : Diagram.TRUE,
  );
  const rest = diagram.and(values, outside);
  const others = cover(rest);
  const bounds: Test[] = [
    ...(bounded[0] ? [{ kind: 'atLeast', k: from, exit } as const] : []),
    ...(bounded[1] ? [{ kind: 'below', k: below, exit } as const] : []),
  ];
  if (!others || (cubes && cubes.length <= others.length + bounds.length))
    return cubes?.map((cube) => ({ kind: 'cube', cube, exit }));
  return [...bounds, ...others.map((cube): Test => ({ kind: 'cube', cube, exit }))];
}

/** side 1: the smallest value from which on all are in the set; side 0: the first that is not, from 0 on. */
function edge(diagram: Diagram, set: NodeId, field: Field, side: 0 | 1): number {
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

function lowerThan(diagram: Diagram, field: Field, bound: number): NodeId {
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
