import { NOWHERE } from '../diagnostics/span.ts';
import { Diagram, type NodeId } from '../diagram/diagram.ts';
import { argument, type Field, half } from '../diagram/fields.ts';
import { asCube, type Cube, cubesOf, exitsOf, valueRanges } from '../diagram/value-set.ts';
import { conditionsDiagram } from '../policy/condition.ts';
import type { Condition } from '../profile/profile.ts';

/** Conditions joined by AND, at most one for each argument, as one rule of a profile has them. */
export type Conjunction = readonly Condition[];

/** More rules for one call than anybody would read. */
const MOST = 1024;
const MOST_RANGES = 256;
/** So many rules are looked at to be made fewer. */
const MOST_SIMPLIFIED = 64;

type Comparison = Pick<Condition, 'operator' | 'value' | 'valueTwo'>;

/**
 * How a set of values is written that can be written in several ways. They differ on ABIs that compare fewer bits:
 * masks where they do, else bounds by GE and LE; bounds by GE and LE first; bounds by GT and LT first.
 */
export const STYLES = ['masks', 'inclusive', 'exclusive'] as const;
export type Style = (typeof STYLES)[number];

/**
 * A set of calls that differ in their arguments alone as rules of an OCI profile, few of them; undefined when it takes
 * too many, or asks for what such rules cannot say. `bits` is what libseccomp compares on the ABI.
 */
export function conjunctionsOf(
  diagram: Diagram,
  set: NodeId,
  bits: 32 | 64,
  style: Style,
): Conjunction[] | undefined {
  const all = new Decomposition(diagram, bits, style).conjunctions(set);
  return all && simplify(diagram, set, bits, all);
}

class Decomposition {
  private readonly d: Diagram;
  private readonly bits: 32 | 64;
  private readonly style: Style;

  constructor(diagram: Diagram, bits: 32 | 64, style: Style) {
    this.d = diagram;
    this.bits = bits;
    this.style = style;
  }

  conjunctions(set: NodeId): Condition[][] | undefined {
    if (set === Diagram.TRUE) return [[]];
    if (set === Diagram.FALSE) return [];
    const index = (this.d.variable(set) - argument(0).first) >> 6;
    if (index > 5) return undefined;
    const field = this.bits === 64 ? argument(index) : half(argument(index), 'low');
    if (this.d.variable(set) < field.first) return undefined;
    const found: Condition[][] = [];
    const exits = exitsOf(this.d, set, field, MOST);
    if (!exits) return undefined;
    for (const [exit, values] of exits) {
      if (exit === Diagram.FALSE) continue;
      const tests = this.tests(values, field);
      const rest = this.conjunctions(exit);
      if (!tests || !rest || tests.length * rest.length + found.length > MOST) return undefined;
      for (const test of tests)
        for (const more of rest) found.push([{ argument: index, ...test, span: NOWHERE }, ...more]);
    }
    return found;
  }

  /** Tests of one argument, any one of which is enough: by ranges or by masks, whichever are fewer. */
  private tests(values: NodeId, field: Field): Comparison[] | undefined {
    const cube = asCube(this.d, values, field);
    if (cube && (this.style === 'masks' || cube.mask === allOnes(field))) return [testOf(cube, field)];
    const outside = asCube(this.d, this.d.not(values), field);
    if (outside && outside.mask === allOnes(field))
      return [{ operator: 'NE', value: outside.value, valueTwo: 0n }];
    const byRanges = this.rangeTests(values, field);
    const byMasks = cubesOf(this.d, values, field, MOST)?.map((c) => testOf(c, field));
    if (!byRanges || !byMasks) return byRanges ?? byMasks;
    return byRanges.length <= byMasks.length ? byRanges : byMasks;
  }

  private atMost(value: bigint): Comparison {
    return this.style === 'exclusive'
      ? { operator: 'LT', value: value + 1n, valueTwo: 0n }
      : { operator: 'LE', value, valueTwo: 0n };
  }

  private atLeast(value: bigint): Comparison {
    return this.style === 'exclusive'
      ? { operator: 'GT', value: value - 1n, valueTwo: 0n }
      : { operator: 'GE', value, valueTwo: 0n };
  }

  private rangeTests(values: NodeId, field: Field): Comparison[] | undefined {
    const ranges = valueRanges(this.d, values, field, MOST_RANGES);
    return ranges
      ?.filter((range) => range.exit === Diagram.TRUE)
      .flatMap(({ low, high }): Comparison[] => {
        if (low === high) return [{ operator: 'EQ', value: low, valueTwo: 0n }];
        if (low === 0n) return [this.atMost(high)];
        if (high === allOnes(field)) return [this.atLeast(low)];
        return alignedBlocks(low, high, field).map((c) => testOf(c, field));
      });
  }
}

function allOnes(field: Field): bigint {
  return (1n << BigInt(field.bits)) - 1n;
}

function testOf({ mask, value }: Cube, field: Field): Comparison {
  return mask === allOnes(field)
    ? { operator: 'EQ', value, valueTwo: 0n }
    : { operator: 'MASKED_EQ', value: mask, valueTwo: value };
}

/** An interval as blocks of a power of two at multiples of their size, which one mask test each describes. */
function alignedBlocks(low: bigint, high: bigint, field: Field): Cube[] {
  const blocks: Cube[] = [];
  for (let from = low; from <= high; ) {
    let size = 1n;
    while ((from & size) === 0n && from + 2n * size - 1n <= high) size *= 2n;
    blocks.push({ mask: allOnes(field) - (size - 1n), value: from });
    from += size;
  }
  return blocks;
}

/** Leaves out conditions, then rules, as long as the rules together say the same. */
function simplify(d: Diagram, set: NodeId, bits: 32 | 64, all: readonly Conjunction[]): Conjunction[] {
  if (all.length > MOST_SIMPLIFIED) return [...all];
  const meaning = (c: Conjunction) => conditionsDiagram(d, c, bits);
  const inSet = (c: Conjunction) => d.choose(set, Diagram.FALSE, meaning(c)) === Diagram.FALSE;
  const shorter = all.map((conjunction) => {
    let kept = [...conjunction];
    for (const condition of conjunction) {
      const without = kept.filter((c) => c !== condition);
      if (without.length > 0 && inSet(without)) kept = without;
    }
    return kept;
  });
  return withoutSpare(d, set, shorter, meaning);
}

/** Without conjunctions, the longest first, to which the others leave nothing. */
function withoutSpare(
  d: Diagram,
  set: NodeId,
  all: readonly Conjunction[],
  meaning: (conjunction: Conjunction) => NodeId,
): Conjunction[] {
  const longestFirst = all.toSorted((a, b) => b.length - a.length);
  const meanings = longestFirst.map(meaning);
  // The union of each with all that come later.
  const later: NodeId[] = [...meanings, Diagram.FALSE];
  for (let i = meanings.length - 1; i >= 0; i--) later[i] = d.or(meanings[i], later[i + 1]);
  let kept: NodeId = Diagram.FALSE;
  const needed = new Set(
    longestFirst.filter((_, i) => {
      if (d.or(kept, later[i + 1]) === set) return false;
      kept = d.or(kept, meanings[i]);
      return true;
    }),
  );
  return all.filter((conjunction) => needed.has(conjunction));
}
