import type { Diagnostic } from '@callgate/engine';
import { readJson } from '@callgate/engine/internal/source/read-json';
import { readYamlDocuments } from '@callgate/engine/internal/source/read-yaml';
import type { Tree } from '@callgate/engine/internal/source/tree';
import type { YamlDialect, YamlNote } from '@callgate/engine/internal/source/yaml-dialect';
import { MOST_YAML } from './document-splitter.ts';

/** A document as kubectl and Helm read it. */
export interface ReadDocument {
  /** Undefined where it is empty, or cannot be read. */
  readonly tree?: Tree;
  /** What others would read in another way. */
  readonly notes: readonly YamlNote[];
  /** Why it cannot be read. */
  readonly faults: readonly Diagnostic[];
}

/** Whose order of merging is meant: kubectl and Helm take what comes later, kustomize what is no merge. */
export type MergeOrder = 'in-order' | 'keys-win';

/** Reads one document, which holds no line of dashes; what is behind the end of a first one is not read, as in kubectl. */
export function readDocument(
  text: string,
  merges: MergeOrder = 'in-order',
  { fileName = '' } = {},
): ReadDocument {
  const json = /^\s*[[{]/.test(text) ? readAsJson(text) : undefined;
  // In braces YAML may stand, too, but not in a file that says it is JSON.
  const isJson = text.length > MOST_YAML || /\.json$/i.test(fileName);
  if (json && (json.tree || isJson)) return json;
  const notes: YamlNote[] = [];
  const { value, diagnostics } = readYamlDocuments(text, dialect(merges, notes));
  if (!value && json) return json;
  return { tree: value?.[0], notes, faults: diagnostics };
}

function readAsJson(text: string): ReadDocument {
  const notes: YamlNote[] = [];
  const { value, diagnostics } = readJson(text, (key, first, second) =>
    notes.push({ kind: 'repeated-key', key, first, second }),
  );
  return { tree: value, notes, faults: diagnostics };
}

function dialect(merges: MergeOrder, notes: YamlNote[]): YamlDialect {
  return {
    maxLength: MOST_YAML,
    maxBrackets: 1000,
    repeatedKeys: 'last',
    merges,
    booleans: '1.1',
    notice: (note) => notes.push(note),
  };
}
