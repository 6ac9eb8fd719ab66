import type { Decision } from '../diagram/decision.ts';
import { Diagram, type NodeId } from '../diagram/diagram.ts';
import { argument, type Field, half, IP } from '../diagram/fields.ts';
import { asCube, exitsOf, type ValueRange, valueRanges } from '../diagram/value-set.ts';
import type { Abi } from '../syscalls/arch.ts';
import { type Argument, formatArgument, formatBits, prototypeOf } from '../syscalls/arguments.ts';

/** More ranges of one argument, or alternatives of several, are counted instead of listed. */
const MOST_RANGES = 8;
const MOST_ALTERNATIVES = 6;
/** Beyond this, what one argument means for the others is not told. */
const MOST_EXITS = 64;

/**
 * A set of calls that differ in their arguments alone, as people write it: "flags & 0x7e020000 == 0",
 * "family == AF_UNIX and type <= 5". Empty for all calls. Without an ABI arguments have 64 bits.
 */
export function describeArguments(
  { diagram, root }: Decision,
  syscall: string | undefined,
  abi?: Pick<Abi, 'name' | 'bits'>,
): string {
  const prototype = syscall === undefined ? undefined : prototypeOf(syscall, abi?.name);
  const texts: string[] = [];
  for (const text of new Describer(diagram, prototype, abi?.bits ?? 64).alternatives(root)) {
    if (texts.length === MOST_ALTERNATIVES) return `${texts.join(' or ')} or in other cases`;
    texts.push(text);
  }
  return texts.join(' or ');
}

class Describer {
  private readonly diagram: Diagram;
  private readonly prototype: readonly Argument[] | undefined;
  private readonly bits: 32 | 64;

  constructor(diagram: Diagram, prototype: readonly Argument[] | undefined, bits: 32 | 64) {
    this.diagram = diagram;
    this.prototype = prototype;
    this.bits = bits;
  }

  /** Conditions, any one of which is enough; the empty one when all calls meet them. */
  *alternatives(set: NodeId): Iterable<string> {
    const { diagram } = this;
    if (set === Diagram.TRUE) yield '';
    if (diagram.isTerminal(set)) return;
    const index = (diagram.variable(set) - argument(0).first) >> 6;
    const field = this.fieldOf(set, index);
    const exits = exitsOf(diagram, set, field, MOST_EXITS);
    if (!exits) yield `${this.name(index)} and others have certain values together`;
    else
      for (const [exit, values] of exits) {
        if (exit === Diagram.FALSE) continue;
        const here = this.field(values, field, index);
        for (const rest of this.alternatives(exit)) yield rest === '' ? here : `${here} and ${rest}`;
      }
  }

  private name(index: number): string {
    return this.prototype?.[index]?.name ?? (index < 6 ? `arg${index}` : 'instruction pointer');
  }

  /** The whole argument, or its low half where that alone counts. */
  private fieldOf(set: NodeId, index: number): Field {
    const whole = index < 6 ? argument(index) : IP;
    const low = half(whole, 'low');
    return this.bits === 32 && this.diagram.variable(set) >= low.first ? low : whole;
  }

  /** A condition on one argument. */
  private field(values: NodeId, field: Field, index: number): string {
    const { diagram } = this;
    const name = this.name(index);
    const is = this.cube(values, field, index, '==');
    if (is) return `${name}${is}`;
    const isNot = this.cube(diagram.not(values), field, index, '!=');
    if (isNot) return `${name}${isNot}`;
    const ranges = valueRanges(diagram, values, field, 2 * MOST_RANGES + 1);
    if (!ranges) return `${name} is one of many values`;
    const inside = ranges.filter((range) => range.exit === Diagram.TRUE);
    const outside = ranges.filter((range) => range.exit === Diagram.FALSE);
    if (inside.length === 1) return `${name}${this.range(inside[0], field, index)}`;
    return inside.length <= outside.length
      ? `${name} in {${this.list(inside, index)}}`
      : `${name} not in {${this.list(outside, index)}}`;
  }

  private range({ low, high }: ValueRange, field: Field, index: number): string {
    if (low === 0n) return ` <= ${this.bitsOf(index, high)}`;
    if (high === (1n << BigInt(field.bits)) - 1n) return ` >= ${this.bitsOf(index, low)}`;
    return ` in ${this.list([{ low, high }], index)}`;
  }

  private list(ranges: readonly Pick<ValueRange, 'low' | 'high'>[], index: number): string {
    const one = ({ low, high }: Pick<ValueRange, 'low' | 'high'>) =>
      low === high ? this.value(index, low) : `${this.value(index, low)}..${this.value(index, high)}`;
    return ranges.map(one).join(', ');
  }

  private cube(values: NodeId, field: Field, index: number, sign: '==' | '!='): string | undefined {
    const cube = asCube(this.diagram, values, field);
    if (!cube) return undefined;
    const { mask, value } = cube;
    const allOnes = (1n << BigInt(field.bits)) - 1n;
    if (mask === allOnes) return ` ${sign} ${this.value(index, value)}`;
    // A mask of leading bits is a bound, which reads better.
    const rest = allOnes - mask;
    if (value === 0n && (rest & (rest + 1n)) === 0n)
      return sign === '==' ? ` <= ${this.bitsOf(index, rest)}` : ` > ${this.bitsOf(index, rest)}`;
    const bits = this.bitsOf(index, mask);
    const right = value === 0n ? '0' : this.bitsOf(index, value);
    return ` & ${bits.includes('|') ? `(${bits})` : bits} ${sign} ${right}`;
  }

  private value(index: number, value: bigint): string {
    const declared = this.prototype?.[index];
    return declared ? formatArgument(declared, value, []) : numberText(value);
  }

  private bitsOf(index: number, bits: bigint): string {
    const declared = this.prototype?.[index];
    return declared ? formatBits(declared, bits, []) : numberText(bits);
  }
}

function numberText(value: bigint): string {
  return value > 0xffffn ? `0x${value.toString(16)}` : `${value}`;
}
