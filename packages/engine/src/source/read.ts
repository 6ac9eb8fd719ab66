import { error, type Result } from '../diagnostics/diagnostic.ts';
import { readJson } from './read-json.ts';
import { readYaml, readYamlDocuments } from './read-yaml.ts';
import { MAX_LENGTH, type Tree } from './tree.ts';

export type SourceFormat = 'json' | 'yaml';

/** The format of a document: by its file name's ending, else by its first character. */
export function formatOf(text: string, fileName = ''): SourceFormat {
  if (/\.ya?ml$/i.test(fileName)) return 'yaml';
  if (/\.json$/i.test(fileName)) return 'json';
  return /^\s*[[{]/.test(text) ? 'json' : 'yaml';
}

/** Every document of a text: one of JSON, any number of YAML. */
export function readDocuments(text: string, format: SourceFormat): Result<Tree[]> {
  if (format === 'yaml' && text.length <= MAX_LENGTH) return readYamlDocuments(text);
  const { value, diagnostics } = readSource(text, format);
  return value ? { value: [value], diagnostics } : { diagnostics };
}

/** Reads JSON or YAML into a tree with places. Bounded in length and depth, so hostile text costs little. */
export function readSource(text: string, format: SourceFormat): Result<Tree> {
  if (text.length > MAX_LENGTH) {
    const message = `the document has ${text.length} characters; at most ${MAX_LENGTH} are read`;
    return { diagnostics: [error('too-large', message, { start: 0, end: 0 }, 'is this a profile?')] };
  }
  return format === 'json' ? readJson(text) : readYaml(text);
}
