import { quote } from '@callgate/engine/internal/source/tree';
import type { ListFaults } from '../list/faults.ts';
import { numberOfToken, type Token } from './tokens.ts';

/** Takes tokens one after another; what is wrong is a fault at its place. */
export class TokenReader {
  readonly faults: ListFaults;
  readonly constants = new Map<string, bigint>();
  private readonly tokens: readonly Token[];
  private at = 0;

  constructor(tokens: readonly Token[], faults: ListFaults) {
    this.tokens = tokens;
    this.faults = faults;
  }

  /** Where the token that was taken last ends. */
  get lastEnd(): number {
    return this.tokens[Math.max(0, this.at - 1)].span.end;
  }

  peek(ahead = 0): Token {
    return this.tokens[Math.min(this.at + ahead, this.tokens.length - 1)];
  }

  next(): Token {
    const token = this.peek();
    this.at++;
    return token;
  }

  /** Takes the next token if it is one of these. */
  takeAny(texts: readonly string[]): boolean {
    if (!texts.includes(this.peek().text)) return false;
    this.at++;
    return true;
  }

  expect(text: string): boolean {
    if (this.takeAny([text])) return true;
    this.fault(`${quote(text)} was expected`);
    return false;
  }

  expectName(): Token | undefined {
    const token = this.next();
    return token.kind === 'name' ? token : this.faultAt(token, 'a name was expected');
  }

  /** The number that a token is, or that it was defined to be. */
  numberIn({ kind, text }: Token): bigint | undefined {
    return kind === 'number' ? numberOfToken(text) : kind === 'name' ? this.constants.get(text) : undefined;
  }

  expectNumber(): bigint | undefined {
    const token = this.next();
    return this.numberIn(token) ?? this.faultAt(token, 'a number was expected');
  }

  fault(message: string): undefined {
    return this.faultAt(this.peek(), message);
  }

  faultAt({ kind, text, span }: Token, message: string): undefined {
    const found = kind === 'end' ? 'the text ends' : `there is ${quote(text)}`;
    return this.faults.syntax(`${message}, and ${found}`, span);
  }
}
