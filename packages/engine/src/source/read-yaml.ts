import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type Node, parseAllDocuments } from 'yaml';
import { type Diagnostic, error, type Result } from '../diagnostics/diagnostic.ts';
import type { Span } from '../diagnostics/span.ts';
import { type Entry, MAX_DEPTH, quote, type Tree } from './tree.ts';
import { escapedCharacter, replaceUnprintable } from './unprintable.ts';

/** The yaml library takes time and memory far beyond a text's length; a profile has some kilobytes. */
const MAX_YAML_LENGTH = 256 * 1024;
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
export function readYamlDocuments(text: string): Result<Tree[]> {
  try {
    if (text.length > MAX_YAML_LENGTH)
      return {
        diagnostics: [
          error(
            'too-large',
            `the YAML document has ${text.length} characters; at most ${MAX_YAML_LENGTH} are read`,
            START,
            'is this a profile? JSON may be longer',
          ),
        ],
      };
    if (deepestFlow(text) > MAX_DEPTH)
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
      isEmpty(document) ? [] : [new TreeMaker(document, text).tree(document.contents, 0)],
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

/** Makes the tree of one document. */
class TreeMaker {
  private readonly document: Document;
  private readonly text: string;
  private values = 0;

  constructor(document: Document, text: string) {
    this.document = document;
    this.text = text;
  }

  tree(node: Node | null, depth: number): Tree {
    const range = node?.range ?? [0, 0];
    const span = { start: range[0], end: range[1] };
    if (depth > MAX_DEPTH)
      throw new YamlFault(error('too-deep', `nests deeper than ${MAX_DEPTH} levels`, span));
    if (++this.values > MOST_VALUES)
      throw new YamlFault(error('too-large', `stands for more than ${MOST_VALUES} values`, span));
    if (isAlias(node)) return this.aliased(node.resolve(this.document), span, depth);
    if (isMap(node)) {
      const entries = this.entries(node.items, span, depth);
      return { kind: 'object', entries, span: this.until(span, entries.at(-1)?.value) };
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => this.tree(item as Node, depth + 1));
      return { kind: 'array', items, span: this.until(span, items.at(-1)) };
    }
    if (isScalar(node)) return scalar(node.value, this.text.slice(span.start, span.end), span);
    return { kind: 'null', span };
  }

  /** In block style a collection ends where its last value does; the library counts what follows to the next one, too. */
  private until(span: Span, last: Tree | undefined): Span {
    const isFlow = '[{'.includes(this.text[span.start]);
    return isFlow || !last ? span : { start: span.start, end: Math.max(last.span.end, span.start) };
  }

  private aliased(node: Node | undefined, span: Span, depth: number): Tree {
    if (!node) throw new YamlFault(error('yaml-syntax', 'an alias of no anchor stands here', span));
    return { ...this.tree(node, depth + 1), span };
  }

  private entries(pairs: readonly unknown[], span: Span, depth: number): Entry[] {
    const seen = new Set<string>();
    return pairs.map((pair): Entry => {
      const key = isPair(pair) ? (pair.key as Node | null) : null;
      if (!isPair(pair) || !isScalar(key))
        throw new YamlFault(error('yaml-syntax', 'a key is no plain string', span));
      const keySpan = { start: key.range?.[0] ?? span.start, end: key.range?.[1] ?? span.end };
      const name = String(key.value);
      if (seen.has(name))
        throw new YamlFault(
          error('duplicate-key', `the key ${quote(name)} stands here a second time`, keySpan, 'remove one'),
        );
      seen.add(name);
      const value = pair.value as Node | null;
      // Nothing behind the colon: the value is where it could stand.
      const tree = value
        ? this.tree(value, depth + 1)
        : ({ kind: 'null', span: after(keySpan, this.text) } as const);
      return { key: name, keySpan, value: tree };
    });
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
