import { Diagram, type NodeId } from '../policy/diagram.ts';
import { argument, type Field, IP } from '../policy/fields.ts';
import { asCube, exitsOf, valueRanges } from '../policy/value-set.ts';
import { type Argument, formatArgument, prototypeOf } from '../syscalls/arguments.ts';

/** More ranges of one argument, or alternatives of several, are counted instead of listed. */
const MOST_RANGES = 6;
const MOST_ALTERNATIVES = 6;

/**
 * A set of calls that differ in their arguments alone, as people write it: "flags & 0x7e020000 == 0",
 * "family == AF_UNIX and type <= 5". Empty for all calls.
 */
export function describeArguments(diagram: Diagram, set: NodeId, syscall: string | undefined): string {
  const prototype = syscall === undefined ? undefined : prototypeOf(syscall);
  const alternatives = new Describer(diagram, prototype).alternatives(set);
  if (alternatives.length <= MOST_ALTERNATIVES) return alternatives.join(' or ');
  const rest = alternatives.length - MOST_ALTERNATIVES;
  return `${alternatives.slice(0, MOST_ALTERNATIVES).join(' or ')} or ${rest} more`;
}

class Describer {
  private readonly diagram: Diagram;
  private readonly prototype: readonly Argument[] | undefined;

  constructor(diagram: Diagram, prototype: readonly Argument[] | undefined) {
    this.diagram = diagram;
    this.prototype = prototype;
  }

  /** Conditions, any one of which is enough; the empty one when all calls meet them. */
  alternatives(set: NodeId): string[] {
    const { diagram } = this;
    if (set === Diagram.TRUE) return [''];
    if (set === Diagram.FALSE) return [];
    const index = (diagram.variable(set) - argument(0).first) >> 6;
    const field = index < 6 ? argument(index) : IP;
    return [...exitsOf(diagram, set, field)].flatMap(([exit, values]) => {
      if (exit === Diagram.FALSE) return [];
      const here = this.field(values, field, index);
      return this.alternatives(exit).map((rest) => (rest === '' ? here : `${here} and ${rest}`));
    });
  }

  /** A condition on one argument. */
  private field(values: NodeId, field: Field, index: number): string {
    const { diagram } = this;
    const name = this.prototype?.[index]?.name ?? (index < 6 ? `arg${index}` : 'ip');
    const is = this.cube(values, field, index, '==');
    if (is) return `${name}${is}`;
    const isNot = this.cube(diagram.not(values), field, index, '!=');
    if (isNot) return `${name}${isNot}`;
    const ranges = valueRanges(diagram, values, field, 2 * MOST_RANGES)?.filter(
      (r) => r.exit === Diagram.TRUE,
    );
    if (!ranges) return `${name} is one of many values`;
    const largest = (1n << BigInt(field.bits)) - 1n;
    const parts = ranges.map(({ low, high }) => {
      if (low === high) return `${name} == ${this.value(index, low)}`;
      if (low === 0n) return `${name} <= ${this.value(index, high)}`;
      if (high === largest) return `${name} >= ${this.value(index, low)}`;
      return `${name} in ${this.value(index, low)}..${this.value(index, high)}`;
    });
    return parts.length === 1 ? parts[0] : `(${parts.join(' or ')})`;
  }

  private cube(values: NodeId, field: Field, index: number, sign: '==' | '!='): string | undefined {
    const cube = asCube(this.diagram, values, field);
    if (!cube) return undefined;
    const { mask, value } = cube;
    if (mask === (1n << BigInt(field.bits)) - 1n) return ` ${sign} ${this.value(index, value)}`;
    // A mask of leading bits is a bound, which reads better.
    const rest = (1n << BigInt(field.bits)) - 1n - mask;
    if (value === 0n && (rest & (rest + 1n)) === 0n)
      return sign === '==' ? ` <= ${this.value(index, rest)}` : ` > ${this.value(index, rest)}`;
    return ` & ${this.value(index, mask)} ${sign} ${this.value(index, value)}`;
  }

  private value(index: number, value: bigint): string {
    const declared = this.prototype?.[index];
    return declared
      ? formatArgument(declared, value, [])
      : value > 0xffffn
        ? `0x${value.toString(16)}`
        : `${value}`;
  }
}
