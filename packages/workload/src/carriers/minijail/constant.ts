import { errnoNumber, parseArgument } from '@callgate/engine/internal/syscalls/arguments';
import { ALL_ONES } from '../list/comparisons.ts';

const MOST_LEVELS = 16;

/**
 * A constant as minijail's util.c reads it: numbers and names joined by "|", each of which "~" may turn around, and
 * parentheses. 64 bits, unsigned; undefined where a part is unknown.
 */
export function constantIn(text: string): bigint | undefined {
  const parser = new Constant(text);
  const value = parser.group(0);
  return parser.isDone ? value : undefined;
}

class Constant {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get isDone(): boolean {
    return this.at === this.text.length;
  }

  group(level: number): bigint | undefined {
    let value = this.part(level);
    while (value !== undefined && this.text[this.at] === '|') {
      this.at++;
      const next = this.part(level);
      value = next === undefined ? undefined : value | next;
    }
    return value;
  }

  private part(level: number): bigint | undefined {
    if (level > MOST_LEVELS) return undefined;
    if (this.text[this.at] === '~') {
      this.at++;
      const value = this.part(level + 1);
      return value === undefined ? undefined : ~value & ALL_ONES;
    }
    if (this.text[this.at] === '(') {
      this.at++;
      const value = this.group(level + 1);
      if (this.text[this.at] !== ')') return undefined;
      this.at++;
      return value;
    }
    const start = this.at;
    while (this.at < this.text.length && !'|~()'.includes(this.text[this.at])) this.at++;
    return wordValue(this.text.slice(start, this.at));
  }
}

function wordValue(word: string): bigint | undefined {
  if (/^-?0[0-7]+$/.test(word)) {
    const octal = BigInt(`0o${word.replace(/^-?0/, '')}`);
    return BigInt.asUintN(64, word.startsWith('-') ? -octal : octal);
  }
  const errno = errnoNumber(word);
  return errno === undefined ? parseArgument(word) : BigInt(errno);
}
