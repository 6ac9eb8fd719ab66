import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  type Scalar,
} from 'yaml';
import { type Diagnostic, error, type Result } from '../diagnostics/diagnostic.ts';
import type { Span } from '../diagnostics/span.ts';
import { type Entry, MAX_DEPTH, quote, type Tree } from './tree.ts';
import { escapedCharacter, replaceUnprintable } from './unprintable.ts';
import { STRICT_YAML, wordBoolean, type YamlDialect } from './yaml-dialect.ts';

const START = { start: 0, end: 0 };

class YamlFault extends Error {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

/** How many values a text may stand for; aliases make many of few. */
const MOST_VALUES = 200_000;

/** Reads the only YAML document of a text into the same tree as JSON. */
export function readYaml(text: string): Result<Tree> {
  const { value, diagnostics } = readYamlDocuments(text);
  if (!value) return { diagnostics };
  if (value.length === 0) return { diagnostics: [error('yaml-syntax', 'the document is empty', START)] };
  if (value.length === 1) return { value: value[0], diagnostics: [] };
  const second = { start: value[1].span.start, end: value[1].span.start + 1 };
  const remedy = 'keep one: a file holds one profile';
  return { diagnostics: [error('yaml-syntax', 'a second document begins here', second, remedy)] };
}

/**
 * Reads every YAML document of a text; empty ones are left out. An alias stands for the value of its anchor; what
 * is inside has its places there. How much all of them may stand for together is bounded.
 */
export function readYamlDocuments(text: string, dialect: YamlDialect = STRICT_YAML): Result<Tree[]> {
  try {
    if (text.length > dialect.maxLength)
      return {
        diagnostics: [
          error(
            'too-large',
            `the YAML document has ${text.length} characters; at most ${dialect.maxLength} are read`,
            START,
            dialect === STRICT_YAML ? 'is this a profile? JSON may be longer' : undefined,
          ),
        ],
      };
    if (deepestFlow(text) > dialect.maxBrackets)
      return {
        diagnostics: [error('too-deep', `nests deeper than ${MAX_DEPTH} levels`, { start: 0, end: 1 })],
      };
    const parsed = parseAllDocuments(text, {
      uniqueKeys: false,
      intAsBigInt: true,
      prettyErrors: false,
      logLevel: 'error',
    });
    const documents = 'empty' in parsed ? [] : parsed;
    const fault = documents.flatMap(({ errors }) => errors)[0];
    if (fault) return { diagnostics: [syntaxFault(fault.message, fault.pos)] };
    const value = documents.flatMap((document) =>
      isEmpty(document) ? [] : [new TreeMaker(text, dialect).tree(document.contents, 0)],
    );
    return { value, diagnostics: [] };
  } catch (fault) {
    if (fault instanceof YamlFault) return { diagnostics: [fault.diagnostic] };
    if (fault instanceof RangeError)
      return { diagnostics: [error('too-deep', 'nests too deep', { start: 0, end: 1 })] };
    throw fault;
  }
}

function syntaxFault(message: string, [start, end]: [number, number]): Diagnostic {
  const span = { start, end };
  // The yaml library reports its own stack overflow as a fault of the document.
  if (message.includes('call stack')) return error('too-deep', 'nests too deep', span);
  return error(
    'yaml-syntax',
    replaceUnprintable(message.split('\n')[0].slice(0, 100), escapedCharacter),
    span,
  );
}

/** An upper bound for the nesting of brackets; text inside strings may make it too large, never too small. */
function deepestFlow(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x5b || c === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (c === 0x5d || c === 0x7d) depth = Math.max(0, depth - 1);
  }
  return deepest;
}

/** Nothing stands between its marks but blanks and comments. */
function isEmpty({ contents }: Document): boolean {
  return !contents || (isScalar(contents) && contents.value === null && !contents.source);
}

/** What an anchor stands for, how many values that is, and how deep it nests. */
interface Anchored {
  readonly tree: Tree;
  readonly values: number;
  readonly height: number;
}

/** Makes the tree of one document. */
class TreeMaker {
  private readonly text: string;
  private readonly dialect: YamlDialect;
  private readonly most: number;
  private values = 0;
  /** The deepest level until now of what has an anchor. */
  private deepest = 0;
  private readonly anchored = new Map<string, Anchored>();

  constructor(text: string, dialect: YamlDialect) {
    this.text = text;
    this.dialect = dialect;
    // Without aliases a value takes some characters.
    this.most = Math.max(MOST_VALUES, Math.ceil(text.length / 8));
  }

  tree(node: Node | null, depth: number): Tree {
    const range = node?.range ?? [0, 0];
    const span = { start: range[0], end: range[1] };
    if (depth > MAX_DEPTH)
      throw new YamlFault(error('too-deep', `nests deeper than ${MAX_DEPTH} levels`, span));
    this.count(1, span);
    if (isAlias(node)) return this.aliased(node.source, span, depth);
    const anchor = node && 'anchor' in node ? node.anchor : undefined;
    if (anchor === undefined) return this.whole(node, span, depth);
    const before = this.values;
    const outer = this.deepest;
    this.deepest = depth;
    const tree = this.whole(node, span, depth);
    this.anchored.set(anchor, { tree, values: this.values - before + 1, height: this.deepest - depth });
    this.deepest = Math.max(outer, this.deepest);
    return tree;
  }

  private count(values: number, span: Span): void {
    this.values += values;
    if (this.values > this.most)
      throw new YamlFault(error('too-large', `stands for more than ${this.most} values`, span));
  }

  private whole(node: Node | null, span: Span, depth: number): Tree {
    this.deepest = Math.max(this.deepest, depth);
    if (isMap(node)) {
      const entries = this.entries(node.items, span, depth);
      return { kind: 'object', entries, span: this.until(span, entries.at(-1)?.value) };
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => this.tree(item as Node, depth + 1));
      return { kind: 'array', items, span: this.until(span, items.at(-1)) };
    }
    if (isScalar(node)) return this.word(node, span) ?? scalar(node.value, this.source(node, span), span);
    return { kind: 'null', span };
  }

  private source({ source }: Scalar, { start, end }: Span): string {
    return source ?? this.text.slice(start, end);
  }

  /** A plain word that is a boolean for this dialect. */
  private word({ type, value }: Scalar, span: Span): Tree | undefined {
    if (this.dialect.booleans === '1.2' || type !== 'PLAIN' || typeof value !== 'string') return undefined;
    const meant = wordBoolean(value);
    if (meant === undefined) return undefined;
    this.dialect.notice({ kind: 'word-boolean', word: value, value: meant, span });
    return { kind: 'boolean', value: meant, span };
  }

  /** In block style a collection ends where its last value does; the library counts what follows to the next one, too. */
  private until(span: Span, last: Tree | undefined): Span {
    const isFlow = '[{'.includes(this.text[span.start]);
    return isFlow || !last ? span : { start: span.start, end: Math.max(last.span.end, span.start) };
  }

  /** What is behind an anchor was read when it stood there: an alias means the last one before it. */
  private aliased(name: string, span: Span, depth: number): Tree {
    const found = this.anchored.get(name);
    if (!found) throw new YamlFault(error('yaml-syntax', 'an alias of no anchor stands here', span));
    this.count(found.values, span);
    this.deepest = Math.max(this.deepest, depth + found.height + 1);
    if (this.deepest > MAX_DEPTH)
      throw new YamlFault(error('too-deep', `nests deeper than ${MAX_DEPTH} levels`, span));
    return { ...found.tree, span };
  }

  private entries(pairs: readonly unknown[], span: Span, depth: number): Entry[] {
    const entries = new Map<string, Entry>();
    const own = new Map<string, Span>();
    for (const pair of pairs) {
      const key = isPair(pair) ? (pair.key as Node | null) : null;
      if (!isPair(pair) || !isScalar(key))
        throw new YamlFault(error('yaml-syntax', 'a key is no plain string', span));
      const keySpan = { start: key.range?.[0] ?? span.start, end: key.range?.[1] ?? span.end };
      const name = String(key.value);
      const value = pair.value as Node | null;
      // Nothing behind the colon: the value is where it could stand.
      const tree = value
        ? this.tree(value, depth + 1)
        : ({ kind: 'null', span: after(keySpan, this.text) } as const);
      if (name === '<<' && key.type === 'PLAIN' && this.dialect.merges !== 'none')
        this.merge(entries, own, tree, keySpan);
      else {
        this.checkRepeated(own.get(name), name, keySpan);
        own.set(name, keySpan);
        // What is merged into a map stands before what takes its place.
        entries.delete(name);
        entries.set(name, { key: name, keySpan, value: tree });
      }
    }
    return [...entries.values()];
  }

  private checkRepeated(first: Span | undefined, key: string, second: Span): void {
    if (!first) return;
    if (this.dialect.repeatedKeys === 'last')
      this.dialect.notice({ kind: 'repeated-key', key, first, second });
    else
      throw new YamlFault(
        error('duplicate-key', `the key ${quote(key)} stands here a second time`, second, 'remove one'),
      );
  }

  /** Takes over the entries of a map, or of several, of which the first wins. */
  private merge(entries: Map<string, Entry>, own: ReadonlyMap<string, Span>, tree: Tree, merge: Span): void {
    const maps = tree.kind === 'array' ? tree.items.toReversed() : [tree];
    for (const map of maps) {
      if (map.kind !== 'object')
        throw new YamlFault(error('yaml-syntax', 'what is merged is no map', tree.span));
      for (const entry of map.entries) {
        const other = own.get(entry.key);
        if (other) this.dialect.notice({ kind: 'merged-over-key', key: entry.key, own: other, merge });
        if (other && this.dialect.merges === 'keys-win') continue;
        entries.set(entry.key, entry);
      }
    }
  }
}

/** The empty place behind a key's colon. */
function after(key: Span, text: string): Span {
  const colon = text.indexOf(':', key.end);
  const at = colon < 0 ? key.end : colon + 1;
  return { start: at, end: at };
}

function scalar(value: unknown, source: string, span: Span): Tree {
  if (typeof value === 'bigint') return { kind: 'number', text: value.toString(), span };
  if (typeof value === 'number') return { kind: 'number', text: source, span };
  if (typeof value === 'boolean') return { kind: 'boolean', value, span };
  if (typeof value === 'string') {
    if (!value.isWellFormed())
      throw new YamlFault(error('lone-surrogate', 'the string holds half of a surrogate pair', span));
    if (value.includes('\0'))
      throw new YamlFault(error('yaml-syntax', `the string ${quote(value)} holds a NUL byte`, span));
    return { kind: 'string', value, span };
  }
  if (value === null) return { kind: 'null', span };
  throw new YamlFault(error('yaml-syntax', 'a value of a type that JSON does not have', span));
}
