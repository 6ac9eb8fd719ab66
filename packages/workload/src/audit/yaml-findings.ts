import type { YamlNote } from '@callgate/engine/internal/source/yaml-dialect';
import type { Found } from '../findings/finding-maker.ts';

/** Keys on which it depends which filter a container gets. */
const DECIDING = new Set([
  'add',
  'allowPrivilegeEscalation',
  'annotations',
  'capabilities',
  'containers',
  'initContainers',
  'jobTemplate',
  'localhostProfile',
  'metadata',
  'privileged',
  'seccompProfile',
  'securityContext',
  'spec',
  'template',
  'type',
]);
const BOOLEANS = /(?:^|[\s{,"'])(privileged|allowPrivilegeEscalation|hostUsers|runAsNonRoot)["']?\s*:\s*$/;
/** So many are told of a document. */
const MOST = 20;

/** What readers of YAML make of a document that do not read it as kubectl does. */
export function yamlFindings(
  notes: readonly YamlNote[],
  text: string,
  lineOf: (offset: number) => number,
): Found[] {
  return notes.flatMap((note) => found(note, text, lineOf)).slice(0, MOST);
}

function found(note: YamlNote, text: string, lineOf: (offset: number) => number): Found[] {
  switch (note.kind) {
    case 'repeated-key':
      return [
        {
          code: 'repeated-key',
          severity: DECIDING.has(note.key) ? 'high' : 'low',
          message: `the key "${note.key}" stands here a second time: kubectl and Helm silently take this one and lose that of line ${lineOf(note.first.start)}; kustomize refuses it: mapping key "${note.key}" already defined at line ${lineOf(note.first.start)}; the API server, given the YAML itself, too: key "${note.key}" already set in map`,
          span: note.second,
          fix: 'keep one',
        },
      ];
    case 'word-boolean': {
      const key = BOOLEANS.exec(text.slice(Math.max(0, note.span.start - 60), note.span.start))?.[1];
      if (key === undefined) return [];
      return [
        {
          code: 'word-boolean',
          severity: key === 'privileged' && note.value ? 'medium' : 'low',
          message: `${key}: ${note.word} is ${note.value} for Kubernetes, which reads YAML 1.1`,
          span: note.span,
          fix: `write ${note.value}`,
        },
      ];
    }
    case 'merged-over-key':
      // Told where it changes what a container gets.
      return [];
  }
}
