import { isAlias, isMap, isPair, isScalar, isSeq, type Node, parseDocument } from 'yaml';
import { type Diagnostic, error, type Result } from '../diagnostics/diagnostic.ts';
import type { Span } from '../diagnostics/span.ts';
import { type Entry, MAX_DEPTH, quote, type Tree } from './tree.ts';

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

/** Reads one YAML document into the same tree as JSON. Aliases are refused: no profile needs them, and bombs are made of them. */
export function readYaml(text: string): Result<Tree> {
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
    const document = parseDocument(text, {
      uniqueKeys: false,
      intAsBigInt: true,
      prettyErrors: false,
      logLevel: 'error',
    });
    const fault = document.errors[0];
    if (fault) return { diagnostics: [syntaxFault(fault.code, fault.message, fault.pos)] };
    if (!document.contents)
      return { diagnostics: [error('yaml-syntax', 'the document is empty', { start: 0, end: 0 })] };
    return { value: toTree(document.contents as Node, text, 0), diagnostics: [] };
  } catch (fault) {
    if (fault instanceof YamlFault) return { diagnostics: [fault.diagnostic] };
    if (fault instanceof RangeError)
      return { diagnostics: [error('too-deep', 'nests too deep', { start: 0, end: 1 })] };
    throw fault;
  }
}

function syntaxFault(code: string, message: string, [start, end]: [number, number]): Diagnostic {
  const span = { start, end };
  if (code === 'MULTIPLE_DOCS')
    return error('yaml-syntax', 'a second document begins here', span, 'keep one: a file holds one profile');
  // The yaml library reports its own stack overflow as a fault of the document.
  if (message.includes('call stack')) return error('too-deep', 'nests too deep', span);
  return error('yaml-syntax', message.split('\n')[0].slice(0, 100), span);
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

function toTree(node: Node | null, text: string, depth: number): Tree {
  const range = node?.range ?? [0, 0];
  const span = { start: range[0], end: range[1] };
  if (depth > MAX_DEPTH)
    throw new YamlFault(error('too-deep', `nests deeper than ${MAX_DEPTH} levels`, span));
  if (isAlias(node))
    throw new YamlFault(
      error('yaml-syntax', 'an alias stands here', span, 'write the value out: profiles take no aliases'),
    );
  if (isMap(node)) {
    const seen = new Set<string>();
    const entries = node.items.map((pair): Entry => {
      const key = pair.key as Node | null;
      if (!isPair(pair) || !isScalar(key))
        throw new YamlFault(error('yaml-syntax', 'a key is no plain string', span));
      const keySpan = { start: key.range?.[0] ?? span.start, end: key.range?.[1] ?? span.end };
      const name = String(key.value);
      if (seen.has(name))
        throw new YamlFault(
          error('duplicate-key', `the key ${quote(name)} stands here a second time`, keySpan, 'remove one'),
        );
      seen.add(name);
      return { key: name, keySpan, value: toTree(pair.value as Node | null, text, depth + 1) };
    });
    return { kind: 'object', entries, span };
  }
  if (isSeq(node))
    return { kind: 'array', items: node.items.map((item) => toTree(item as Node, text, depth + 1)), span };
  if (isScalar(node)) return scalar(node.value, text.slice(span.start, span.end), span);
  return { kind: 'null', span };
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
