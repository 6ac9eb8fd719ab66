import type { Operator } from '@callgate/engine/internal/profile/profile';
import { quote } from '@callgate/engine/internal/source/tree';
import type { Test } from '../list/alternatives.ts';
import type { TokenReader } from './token-reader.ts';
import type { Token } from './tokens.ts';
import { argumentValue, compared, joined, masked, numberValue, type Value } from './values.ts';

const OPERATORS: Readonly<Record<string, Operator>> = {
  '==': 'EQ',
  '!=': 'NE',
  '<': 'LT',
  '<=': 'LE',
  '>': 'GT',
  '>=': 'GE',
};
const MOST_LEVELS = 32;

/** The arguments that an expression may name. */
export type ArgumentNamed = (name: string) => { readonly index: number; readonly bits: 32 | 64 } | undefined;

/** Reads the conditions of a call, as kafel's grammar has them: "," is "||", which binds weaker than "&&". */
export class ExpressionReader {
  private readonly reader: TokenReader;
  private readonly argumentNamed: ArgumentNamed;
  private level = 0;

  constructor(reader: TokenReader, argumentNamed: ArgumentNamed) {
    this.reader = reader;
    this.argumentNamed = argumentNamed;
  }

  test(): Test | undefined {
    return this.joinedBy([',', '||'], 'any', () => this.joinedBy(['&&'], 'all', () => this.primary()));
  }

  private joinedBy(
    signs: readonly string[],
    kind: 'any' | 'all',
    one: () => Test | undefined,
  ): Test | undefined {
    const of: Test[] = [];
    do {
      const test = one();
      if (!test) return undefined;
      of.push(test);
    } while (this.reader.takeAny(signs));
    return of.length === 1 ? of[0] : { kind, of };
  }

  private primary(): Test | undefined {
    const { reader } = this;
    if (++this.level > MOST_LEVELS) return reader.fault('the expression nests too deep');
    try {
      if (reader.takeAny(['!'])) {
        const of = this.primary();
        return of && { kind: 'not', of };
      }
      if (!this.isTestInParentheses()) return this.comparison();
      reader.takeAny(['(']);
      const test = this.test();
      return test && reader.expect(')') ? test : undefined;
    } finally {
      this.level--;
    }
  }

  /** Whether the parenthesis that follows holds a test and no number: a comparison stands in it, or a "!". */
  private isTestInParentheses(): boolean {
    if (this.reader.peek().text !== '(') return false;
    let depth = 0;
    for (let ahead = 0; ; ahead++) {
      const { text, kind } = this.reader.peek(ahead);
      if (kind === 'end') return false;
      if (text === '(') depth++;
      else if (text === ')' && --depth === 0) return false;
      else if (text === '!' || Object.hasOwn(OPERATORS, text)) return true;
    }
  }

  private comparison(): Test | undefined {
    const start = this.reader.peek().span.start;
    const left = this.orValue();
    if (!left) return undefined;
    const operator = this.reader.peek();
    if (!Object.hasOwn(OPERATORS, operator.text)) return this.reader.fault('a comparison was expected');
    this.reader.next();
    const right = this.orValue();
    if (!right) return undefined;
    const span = { start, end: this.reader.lastEnd };
    const any = compared(left, OPERATORS[operator.text], right, span);
    if (any) return { kind: 'compare', any };
    return this.reader.faults.error(
      'list-inexpressible',
      'a profile compares an argument with a number, and bits of one by == and != with what they can be',
      span,
    );
  }

  private orValue(): Value | undefined {
    return this.values('|', joined, () => this.values('&', masked, () => this.operand()));
  }

  private values(
    sign: string,
    join: (a: Value, b: Value) => Value | undefined,
    one: () => Value | undefined,
  ): Value | undefined {
    const first = this.reader.peek();
    let value = one();
    while (value && this.reader.takeAny([sign])) {
      const other = one();
      if (!other) return undefined;
      value = join(value, other);
      if (!value)
        return this.reader.faults.error('list-inexpressible', 'a profile compares no two arguments', {
          start: first.span.start,
          end: this.reader.lastEnd,
        });
    }
    return value;
  }

  private operand(): Value | undefined {
    const { reader } = this;
    const token: Token = reader.next();
    if (token.text === '(') {
      if (++this.level > MOST_LEVELS) return reader.fault('the expression nests too deep');
      const value = this.orValue();
      this.level--;
      return value && reader.expect(')') ? value : undefined;
    }
    const number = reader.numberIn(token);
    if (number !== undefined) return numberValue(number);
    if (token.kind !== 'name') return reader.faultAt(token, 'a number or an argument was expected');
    const argument = this.argumentNamed(token.text);
    if (argument) return argumentValue(argument.index, argument.bits);
    return reader.faults.error(
      'bad-argument-index',
      `the call has no argument ${quote(token.text)}`,
      token.span,
      'name its arguments in parentheses, such as ioctl(fd, cmd) { cmd == 1 }',
    );
  }
}
