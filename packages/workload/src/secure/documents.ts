import { advice, error, type Remedy, type Result } from '@callgate/engine/internal/diagnostics/diagnostic';
import { readDocuments, type SourceFormat } from '@callgate/engine/internal/source/read';
import { readYamlDocuments } from '@callgate/engine/internal/source/read-yaml';
import type { Tree } from '@callgate/engine/internal/source/tree';
import { STRICT_YAML } from '@callgate/engine/internal/source/yaml-dialect';

/** One document of a file. */
export interface Chunk {
  /** Where it begins in the text. */
  readonly start: number;
  readonly text: string;
  readonly tree: Tree;
}

/** Longer files are refused. */
const MAX_LENGTH = 8 * 1024 * 1024;
/** So long may one document be. */
const MOST_CHARACTERS = 512 * 1024;
/** So many documents that may hold pods are read of a file. */
const MOST_DOCUMENTS = 5000;
/** What may be an alias. For each, the yaml library looks through the whole document, so both together are bounded. */
const ALIAS = /[\s[{,:-]\*[\w-]/g;
const MOST_ALIAS_WORK = 32 * 1024 * 1024;
/** What is long and holds no pods is not read. */
const WORTH_READING = /containers|services|steps/;
const DESCRIBES = /^kind:[ \t]*["']?CustomResourceDefinition["']?[ \t]*\r?$/m;
/** What only a chart has, though the text may be YAML. */
const HELM = /\{\{-?[ \t]*(?:\(?[ \t]*)?(?:include[ \t]+"|\.Values\b|\.Release\b|\.Chart\b|\$\.Values\b)/;

/**
 * The documents of a file that may hold pods, in its order. "---" at the beginning of a line always parts documents: inside of a
 * scalar YAML does not allow it.
 */
export function chunksOf(text: string, format: SourceFormat): Result<Chunk[]> {
  if (text.length > MAX_LENGTH) {
    const message = `the file has ${text.length} characters; at most ${MAX_LENGTH} are read`;
    return { diagnostics: [error('too-large', message, { start: 0, end: 0 })] };
  }
  const template = HELM.exec(text);
  if (template) return helm(template.index);
  const chunks: Chunk[] = [];
  let reads = 0;
  for (const { start, end } of format === 'json' ? [{ start: 0, end: text.length }] : parts(text)) {
    const part = text.slice(start, end);
    if (format === 'yaml' && (!WORTH_READING.test(part) || DESCRIBES.test(part))) continue;
    if (++reads > MOST_DOCUMENTS) {
      const message = `the file has more than ${MOST_DOCUMENTS} documents`;
      return { diagnostics: [error('too-large', message, { start, end: start + 1 })] };
    }
    if (format === 'yaml' && (part.match(ALIAS)?.length ?? 0) * part.length > MOST_ALIAS_WORK) {
      const message = 'the document has too many aliases for its length';
      return {
        diagnostics: [error('too-large', message, { start, end: start + 1 }, 'write some of them out')],
      };
    }
    const { value, diagnostics } = readDocument(part, format);
    if (!value) {
      const action = part.indexOf('{{');
      if (action >= 0 && format === 'yaml') return helm(start + action);
      return {
        diagnostics: diagnostics.map((d) => ({ ...d, ...TOO_LARGE[d.code], place: moved(d.place, start) })),
      };
    }
    if (value.length > 1) {
      const place = moved(value[1].span, start);
      return { diagnostics: [error('yaml-syntax', 'a document begins here without "---"', place)] };
    }
    if (value.length === 1) chunks.push({ start, text: part, tree: value[0] });
  }
  return { value: chunks, diagnostics: [] };
}

/** The reader's own advice is about profiles. */
const TOO_LARGE: Readonly<Record<string, { readonly remedy: Remedy }>> = {
  'too-large': { remedy: advice('write it as documents of their own, behind "---", or as JSON') },
};

/** Reads a part of a file, before and after it was changed. */
export function readDocument(text: string, format: SourceFormat): Result<Tree[]> {
  return format === 'yaml'
    ? readYamlDocuments(text, { ...STRICT_YAML, maxLength: MOST_CHARACTERS })
    : readDocuments(text, format);
}

function parts(text: string): { readonly start: number; readonly end: number }[] {
  const starts = [0, ...[...text.matchAll(/^---(?=[ \t\r\n]|$)/gm)].map(({ index }) => index)];
  return [...new Set(starts)].map((start, i, all) => ({ start, end: all[i + 1] ?? text.length }));
}

function helm(at: number): Result<never> {
  const message = 'this is a template of Helm ("{{"), not what it makes';
  const remedy = 'render it first, with helm template, or set the field in the chart itself';
  return { diagnostics: [error('yaml-syntax', message, { start: at, end: at + 2 }, remedy)] };
}

function moved<T extends { readonly start: number; readonly end: number }>(place: T, by: number): T {
  return { ...place, start: place.start + by, end: place.end + by };
}
