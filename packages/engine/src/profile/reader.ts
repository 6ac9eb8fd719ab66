import type { DiagnosticCode } from '../diagnostics/codes.ts';
import { type Diagnostic, didYouMean, error, type Remedy, warning } from '../diagnostics/diagnostic.ts';
import type { Span, Spanned } from '../diagnostics/span.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { describe, type Entry, quote, type Tree } from '../source/tree.ts';

const MOST_SUGGESTIONS = 50;

/** An object whose keys are known, read key by key; every fault lands in `diagnostics`. */
export interface Fields {
  readonly span: Span;
  get(key: string): Entry | undefined;
}

/** Reads typed values off a tree; a null stands for an absent key, as Go's JSON reader takes it. */
export class Reader {
  readonly diagnostics: Diagnostic[] = [];
  private readonly exactKeys: boolean;

  constructor(exactKeys = false) {
    this.exactKeys = exactKeys;
  }

  /** When a document is wrong all over, nobody is helped by guesses at what was meant, and they cost time. */
  get isTired(): boolean {
    return this.diagnostics.length >= MOST_SUGGESTIONS;
  }

  /** What was meant. */
  suggest(word: string, candidates: Iterable<string>): string | undefined {
    return this.isTired ? undefined : suggest(word, candidates);
  }

  error(code: DiagnosticCode, message: string, span: Span, remedy?: Remedy | string): undefined {
    this.diagnostics.push(error(code, message, span, remedy));
    return undefined;
  }

  warn(code: DiagnosticCode, message: string, span: Span, remedy?: Remedy | string): void {
    this.diagnostics.push(warning(code, message, span, remedy));
  }

  /** The object's keys; those that are unknown or in the wrong case become warnings. */
  fields(tree: Tree, what: string, keys: readonly string[]): Fields | undefined {
    if (tree.kind !== 'object') return this.wrongType(tree, what, 'an object');
    const found = new Map<string, Entry>();
    for (const entry of tree.entries) this.addField(found, entry, what, keys);
    return { span: tree.span, get: (key) => found.get(key) };
  }

  private addField(found: Map<string, Entry>, entry: Entry, what: string, keys: readonly string[]): void {
    const lower = entry.key.toLowerCase();
    const key = keys.find((k) => k === entry.key) ?? keys.find((k) => k.toLowerCase() === lower);
    if (key === undefined) {
      const meant = this.suggest(entry.key, keys);
      const message = `${what} has no key ${quote(entry.key)}; runtimes ignore it`;
      this.warn('unknown-key', message, entry.keySpan, didYouMean(meant));
      return;
    }
    if (key !== entry.key) {
      this.warn(
        'wrong-case-key',
        `${quote(entry.key)} is spelled "${key}"`,
        entry.keySpan,
        `runc and Docker read it all the same, crun ignores it${this.exactKeys ? ', and so it is here' : ''}`,
      );
      if (this.exactKeys) return;
    }
    if (found.has(key))
      this.error('duplicate-key', `"${key}" stands here a second time`, entry.keySpan, 'remove one');
    else if (entry.value.kind !== 'null') found.set(key, entry);
  }

  list(entry: Entry | undefined): readonly Tree[] {
    if (!entry) return [];
    if (entry.value.kind === 'array') return entry.value.items;
    this.wrongType(entry.value, `"${entry.key}"`, 'an array');
    return [];
  }

  strings(entry: Entry | undefined): Spanned<string>[] {
    return this.list(entry).flatMap((item) => this.string(item, `every element of "${entry!.key}"`) ?? []);
  }

  string(tree: Tree, what: string): Spanned<string> | undefined {
    if (tree.kind !== 'string') return this.wrongType(tree, what, 'a string');
    return { value: tree.value, span: tree.span };
  }

  optionalString(entry: Entry | undefined): Spanned<string> | undefined {
    return entry && this.string(entry.value, `"${entry.key}"`);
  }

  /** A plain decimal integer from 0 to `max`: no sign, fraction, exponent or quotes, as Go's uint takes it. */
  integer(entry: Entry, max: bigint, code: DiagnosticCode, range: string): Spanned<bigint> | undefined {
    const { value: tree, key } = entry;
    if (tree.kind !== 'number') return this.wrongType(tree, `"${key}"`, 'a number');
    if (!/^\d+$/.test(tree.text))
      return this.error(code, `"${key}" is ${quoteNumber(tree.text)}, not a plain integer`, tree.span, range);
    const digits = tree.text.length > 30 ? undefined : BigInt(tree.text);
    if (digits === undefined || digits > max)
      return this.error(code, `"${key}" is out of range: ${quoteNumber(tree.text)}`, tree.span, range);
    return { value: digits, span: tree.span };
  }

  /** One of a closed set of names, such as SCMP_ACT_ALLOW; `prefix` is not part of the value. */
  token<T extends string>(
    tree: Tree,
    what: string,
    prefix: string,
    names: readonly T[],
    code: DiagnosticCode,
  ): Spanned<T> | undefined {
    const text = this.string(tree, what);
    if (!text) return undefined;
    const name = names.find((n) => prefix + n === text.value);
    if (name !== undefined) return { value: name, span: text.span };
    const all = names.map((n) => prefix + n);
    const bare = text.value.toUpperCase().replace(prefix, '');
    const meant =
      all.find((n) => n === prefix + bare || n.endsWith(`_${bare}`)) ?? this.suggest(text.value, all);
    const remedy = didYouMean(meant) ?? `it is one of ${all.join(', ')}`;
    return this.error(
      code,
      `${what} is ${quote(text.value)}, which libseccomp does not know`,
      text.span,
      remedy,
    );
  }

  wrongType(tree: Tree, what: string, wanted: string): undefined {
    const hint = tree.kind === 'string' && wanted === 'a number' ? 'write it without quotes' : undefined;
    return this.error('wrong-type', `${what} must be ${wanted}, not ${describe(tree)}`, tree.span, hint);
  }
}

function quoteNumber(text: string): string {
  return text.length > 30 ? `${text.slice(0, 27)}…` : text;
}
