import type { Diagnostic } from '@callgate/engine/internal/diagnostics/diagnostic';
import type { Span } from '@callgate/engine/internal/diagnostics/span';
import type { Value } from '@callgate/engine/internal/source/edit';
import { formatOf, type SourceFormat } from '@callgate/engine/internal/source/read';
import type { Tree } from '@callgate/engine/internal/source/tree';
import { type Change, changesBetween } from './changes.ts';
import { type Chunk, chunksOf } from './documents.ts';
import { isSame, type Path, plain, valueAt, withValue } from './plain.ts';
import { type ObjectName, type PodPlace, podsIn } from './pod-templates.ts';
import type { Notice, SecureRequest } from './request.ts';
import { rewritten } from './rewrite.ts';
import { isCompose, secureCompose } from './secure-compose.ts';
import { called, securePod } from './secure-pod.ts';
import { wrongLevels } from './wrong-levels.ts';

/** A manifest or compose file. */
export interface SecureInput {
  /** Its file name, which tells JSON and YAML apart. */
  readonly name: string;
  readonly text: string;
}

/** A notice, and where in the text what it is about stands. */
export interface PlacedNotice extends Omit<Notice, 'path'> {
  readonly span: Span;
}

/** An object that is changed. Paths of changes begin at the object. */
export interface SecuredObject {
  readonly object: ObjectName;
  readonly isBuiltIn: boolean;
  readonly before: Value;
  readonly changes: readonly Change[];
}

/** A file after its change, which is proved: read again, it says what was asked for and nothing else. */
export type Secured =
  | {
      readonly kind: 'secured';
      readonly text: string;
      readonly format: SourceFormat;
      /** Whether it is a compose file. */
      readonly isCompose: boolean;
      readonly objects: readonly SecuredObject[];
      readonly notices: readonly PlacedNotice[];
      /** Containers and services that have a name that was asked for. */
      readonly named: readonly string[];
      /** Pods and services in the file, whether changed or not. */
      readonly count: number;
    }
  | { readonly kind: 'faulty'; readonly diagnostics: readonly Diagnostic[] }
  /** The text cannot be changed so that it says what was asked for. */
  | { readonly kind: 'refused'; readonly object: string; readonly span: Span };

/** Changes a manifest or compose file so that its containers run under a filter; all else stays, to the last byte. */
export function secure({ name, text }: SecureInput, request: SecureRequest): Secured {
  const format = formatOf(text, name);
  const { value: chunks, diagnostics } = chunksOf(text, format);
  if (!chunks) return { kind: 'faulty', diagnostics };
  const objects: SecuredObject[] = [];
  const notices: PlacedNotice[] = [];
  const named: string[] = [];
  let isComposeFile = false;
  let count = 0;
  let result = '';
  let at = 0;
  for (const chunk of chunks) {
    const secured = securedDocument(plain(chunk.tree), request);
    isComposeFile ||= secured.isCompose;
    count += secured.count;
    named.push(...secured.named);
    notices.push(...secured.notices.map((notice) => placed(notice, chunk)));
    objects.push(...secured.objects);
    const changed =
      secured.objects.length === 0 ? chunk.text : rewritten(chunk.text, format, secured.document);
    if (changed === undefined) {
      const [{ object }] = secured.objects;
      return { kind: 'refused', object: called(object), span: spanIn(chunk, []) };
    }
    result += text.slice(at, chunk.start) + changed;
    at = chunk.start + chunk.text.length;
  }
  result += text.slice(at);
  return { kind: 'secured', text: result, format, isCompose: isComposeFile, objects, notices, named, count };
}

interface SecuredDocument {
  readonly document: Value;
  readonly isCompose: boolean;
  readonly objects: readonly SecuredObject[];
  readonly notices: readonly Notice[];
  readonly named: readonly string[];
  readonly count: number;
}

function securedDocument(before: Value, request: SecureRequest): SecuredDocument {
  if (isCompose(before)) {
    const { object: document, notices, named } = secureCompose(before, request);
    const object = { apiVersion: '', kind: 'compose file' };
    const changes = changesBetween(before, document);
    const objects = changes.length === 0 ? [] : [{ object, isBuiltIn: false, before, changes }];
    const count = Object.keys(valueAt(before, ['services'])!).length;
    return { document, isCompose: true, objects, notices, named, count };
  }
  const { pods, leftAlone } = podsIn(before);
  const notices: Notice[] = leftAlone.map(({ object, objectPath, why }) => ({
    object: called(object),
    path: objectPath,
    message: why,
  }));
  const named: string[] = [];
  const objects: SecuredObject[] = [];
  let document = before;
  for (const [first, ...others] of byObject(pods)) {
    const { object, objectPath, isBuiltIn } = first;
    const old = valueAt(before, objectPath)!;
    let now: Value = old;
    for (const pod of [first, ...others]) {
      const secured = securePod(now, pod, request);
      now = secured.object;
      const all = [...wrongLevels(old, pod), ...secured.notices];
      notices.push(...all.map((notice) => ({ ...notice, path: [...objectPath, ...notice.path] })));
      named.push(...secured.named);
    }
    if (now === old || isSame(old, now)) continue;
    objects.push({ object, isBuiltIn, before: old, changes: changesBetween(old, now) });
    document = withValue(document, objectPath, now);
  }
  return { document, isCompose: false, objects, notices, named, count: pods.length };
}

/** Pods of one object together; an object's stand beside each other. */
function byObject(pods: readonly PodPlace[]): PodPlace[][] {
  const groups = new Map<string, PodPlace[]>();
  for (const pod of pods) {
    const key = pod.objectPath.join('\0');
    const group = groups.get(key);
    if (group) group.push(pod);
    else groups.set(key, [pod]);
  }
  return [...groups.values()];
}

function placed({ path, ...notice }: Notice, chunk: Chunk): PlacedNotice {
  return { ...notice, span: spanIn(chunk, path) };
}

/** Where a path leads in the text, as far as it does. */
function spanIn({ tree, start }: Chunk, path: Path): Span {
  let at: Tree = tree;
  let span = tree.span;
  for (const step of path) {
    const entry = at.kind === 'object' ? at.entries.find(({ key }) => key === step) : undefined;
    const next = at.kind === 'array' ? at.items[Number(step)] : entry?.value;
    if (!next) break;
    at = next;
    span = entry?.keySpan ?? next.span;
  }
  return {
    start: start + span.start,
    end: start + Math.max(span.start + 1, Math.min(span.end, span.start + 80)),
  };
}
