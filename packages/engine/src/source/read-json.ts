import { type Diagnostic, error, type Result } from '../diagnostics/diagnostic.ts';
import type { Span } from '../diagnostics/span.ts';
import { type Entry, MAX_DEPTH, quote, type Tree } from './tree.ts';

/** Where reading stopped; caught by readJson and nowhere else. */
class JsonFault extends Error {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Is told of a key that an object has twice, of which the last then counts, as in Go's reader. */
export type RepeatedKey = (key: string, first: Span, second: Span) => void;

/**
 * Reads JSON as RFC 8259 has it, keeping every place and every digit; stops at the first fault, which a repeated key is, too,
 * unless somebody wants to be told of it.
 */
export function readJson(text: string, repeated?: RepeatedKey): Result<Tree> {
  try {
    return { value: new JsonReader(text, repeated).document(), diagnostics: [] };
  } catch (fault) {
    if (fault instanceof JsonFault) return { diagnostics: [fault.diagnostic] };
    throw fault;
  }
}

class JsonReader {
  private at = 0;
  private readonly text: string;
  private readonly repeated: RepeatedKey | undefined;

  constructor(text: string, repeated: RepeatedKey | undefined) {
    this.text = text;
    this.repeated = repeated;
  }

  document(): Tree {
    if (this.text.charCodeAt(0) === 0xfeff)
      this.fail('a byte order mark', 'save the file as UTF-8 without BOM');
    this.space();
    if (this.at === this.text.length)
      this.fail('nothing', 'a profile is a JSON object: { "defaultAction": … }');
    const tree = this.value(0);
    this.space();
    if (this.at < this.text.length) this.fail('something after the end of the document');
    return tree;
  }

  private value(depth: number): Tree {
    const start = this.at;
    if (depth > MAX_DEPTH) {
      throw new JsonFault(
        error('too-deep', `nests deeper than ${MAX_DEPTH} levels`, { start, end: start + 1 }),
      );
    }
    const c = this.text[start];
    if (c === '{') return this.object(depth);
    if (c === '[') return this.array(depth);
    if (c === '"') return { kind: 'string', value: this.string(), span: { start, end: this.at } };
    if (c === '-' || (c >= '0' && c <= '9')) return this.number();
    for (const word of ['true', 'false', 'null'] as const) {
      if (!this.text.startsWith(word, start)) continue;
      this.at += word.length;
      const span = { start, end: this.at };
      return word === 'null' ? { kind: 'null', span } : { kind: 'boolean', value: word === 'true', span };
    }
    return this.fail(
      'no value',
      c === "'" ? 'strings stand in double quotes' : c === '/' ? 'JSON has no comments' : undefined,
    );
  }

  private object(depth: number): Tree {
    const start = this.at++;
    const entries = new Map<string, Entry>();
    for (this.space(); this.text[this.at] !== '}'; this.space()) {
      if (entries.size > 0) this.comma('}');
      const keyStart = this.at;
      if (this.text[keyStart] !== '"') this.fail('no key', 'keys stand in double quotes');
      const key = this.string();
      const keySpan = { start: keyStart, end: this.at };
      this.checkRepeated(entries.get(key), key, keySpan);
      this.space();
      if (this.text[this.at] !== ':') this.fail('no colon after the key');
      this.at++;
      this.space();
      entries.delete(key);
      entries.set(key, { key, keySpan, value: this.value(depth + 1) });
    }
    this.at++;
    return { kind: 'object', entries: [...entries.values()], span: { start, end: this.at } };
  }

  private checkRepeated(first: Entry | undefined, key: string, second: Span): void {
    if (!first) return;
    if (this.repeated) {
      this.repeated(key, first.keySpan, second);
      return;
    }
    const message = `the key ${quote(key)} stands here a second time`;
    throw new JsonFault(
      error('duplicate-key', message, second, 'remove one: runtimes take only one of them'),
    );
  }

  private array(depth: number): Tree {
    const start = this.at++;
    const items: Tree[] = [];
    for (this.space(); this.text[this.at] !== ']'; this.space()) {
      if (items.length > 0) this.comma(']');
      items.push(this.value(depth + 1));
    }
    this.at++;
    return { kind: 'array', items, span: { start, end: this.at } };
  }

  private comma(close: string): void {
    const comma = this.at;
    if (this.text[comma] !== ',') this.fail(`neither a comma nor "${close}"`);
    this.at++;
    this.space();
    if (this.text[this.at] === close) {
      this.at = comma;
      this.fail('a comma after the last element', 'remove it: JSON allows none there');
    }
  }

  private number(): Tree {
    const start = this.at;
    NUMBER.lastIndex = start;
    const match = NUMBER.exec(this.text);
    if (!match) return this.fail('no number after the minus sign');
    this.at += match[0].length;
    if (/[\w.]/.test(this.text[this.at] ?? '')) {
      this.at = start;
      this.fail('a malformed number', 'numbers are decimal, without leading zeros');
    }
    return { kind: 'number', text: match[0], span: { start, end: this.at } };
  }

  private string(): string {
    const start = this.at++;
    let value = '';
    for (;;) {
      PLAIN.lastIndex = this.at;
      const plain = PLAIN.exec(this.text)![0];
      value += plain;
      this.at += plain.length;
      const c = this.text[this.at];
      if (c === '"') break;
      if (c === '\\') value += this.escape();
      else if (c === undefined) {
        this.at = start;
        this.fail('a string that does not end');
      } else this.fail('a control character in a string', 'write it as \\u00XX, or remove it');
    }
    this.at++;
    if (!value.isWellFormed()) {
      throw new JsonFault(
        error('lone-surrogate', 'the string holds half of a surrogate pair', { start, end: this.at }),
      );
    }
    return value;
  }

  private escape(): string {
    const c = this.text[this.at + 1] ?? '';
    if (c === 'u') {
      const digits = this.text.slice(this.at + 2, this.at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits))
        this.fail('a broken \\u escape', 'it takes four hexadecimal digits');
      this.at += 6;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    if (!(c in ESCAPES)) this.fail('an escape that JSON does not have');
    this.at += 2;
    return ESCAPES[c];
  }

  private space(): void {
    for (;;) {
      const c = this.text.charCodeAt(this.at);
      if (c !== 32 && c !== 10 && c !== 13 && c !== 9) return;
      this.at++;
    }
  }

  private fail(found: string, hint?: string): never {
    const end = this.at >= this.text.length;
    const nul = this.text.charCodeAt(this.at) === 0;
    const message = end
      ? 'the document ends in the middle'
      : nul
        ? 'a NUL byte stands here'
        : `found ${found} here`;
    const span = { start: this.at, end: Math.min(this.at + 1, this.text.length) };
    throw new JsonFault(
      error(
        'json-syntax',
        message,
        span,
        end ? 'is the file complete?' : nul ? 'is this a text file?' : hint,
      ),
    );
  }
}
