import type { Span } from '@callgate/engine/internal/diagnostics/span';

/** A piece of a policy. */
export interface Token {
  readonly kind: 'name' | 'number' | 'sign' | 'include' | 'unknown' | 'end';
  readonly text: string;
  readonly span: Span;
}

const SIGNS = [
  '==',
  '!=',
  '<=',
  '>=',
  '||',
  '&&',
  '<',
  '>',
  '|',
  '&',
  '[',
  ']',
  '(',
  ')',
  '{',
  '}',
  ',',
  '!',
  '#',
];

/** The pieces of a policy, without comments, and one that stands for its end. Source: kafel's lexer. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (kind: Token['kind'], end: number) => {
    tokens.push({ kind, text: text.slice(at, end), span: { start: at, end } });
    at = end;
  };
  while (at < text.length) {
    const character = text[at];
    if (/\s/.test(character)) at++;
    else if (text.startsWith('//', at)) at = endOf(text, '\n', at);
    else if (text.startsWith('/*', at)) {
      const close = text.indexOf('*/', at + 2);
      if (close < 0) take('unknown', at + 2);
      at = close < 0 ? text.length : close + 2;
    } else if (text.startsWith('#include', at)) {
      take('include', Math.min(endOf(text, '\n', at), endOf(text, ';', at)));
      if (text[at] === ';') at++;
    } else if (/[A-Za-z]/.test(character)) take('name', endOfRun(text, at, /\w/));
    else if (/\d/.test(character) || (character === '-' && /[1-9]/.test(text[at + 1] ?? '')))
      take('number', endOfRun(text, at + 1, /\w/));
    else {
      const sign = SIGNS.find((one) => text.startsWith(one, at));
      take(sign ? 'sign' : 'unknown', at + (sign?.length ?? 1));
    }
  }
  const { length } = text;
  tokens.push({ kind: 'end', text: '', span: { start: Math.max(0, length - 1), end: Math.max(1, length) } });
  return tokens;
}

function endOf(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at;
}

function endOfRun(text: string, from: number, one: RegExp): number {
  let end = from;
  while (end < text.length && one.test(text[end])) end++;
  return end;
}

/** A number in kafel's notations, as strtoull has it: 64 bits; undefined where it is none. */
export function numberOfToken(text: string): bigint | undefined {
  const value = /^0x[\da-fA-F]{1,16}$|^0b[01]{1,64}$|^(?:0|[1-9]\d{0,19})$/.test(text)
    ? BigInt(text)
    : /^0[0-7]{1,22}$/.test(text)
      ? BigInt(`0o${text.slice(1)}`)
      : /^-[1-9]\d{0,19}$/.test(text)
        ? BigInt.asUintN(64, BigInt(text))
        : undefined;
  return value !== undefined && value < 1n << 64n ? value : undefined;
}
