import type { Span } from '@callgate/engine/internal/diagnostics/span';
import { suggest } from '@callgate/engine/internal/diagnostics/suggest';
import { quote } from '@callgate/engine/internal/source/tree';
import { entryOf, type ObjectTree } from '../documents/lookup.ts';
import type { FieldReader } from './field-reader.ts';
import { type Field, fieldOf } from './pod-site.ts';

/** The values of seccompProfile.type, in the order in which the API server names them. */
export const SECCOMP_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'] as const;
export type SeccompType = (typeof SECCOMP_TYPES)[number];

/** What the kubelet says of a file without a name. */
export const EMPTY_PATH =
  'localhostProfile must be set if seccompProfile type is Localhost. Found an empty string';

/** What a seccompProfile says. */
export interface SeccompField {
  /** Undefined where it says nothing that anybody takes. */
  readonly type?: SeccompType;
  /** What is written, also where it is no type. */
  readonly written?: string;
  /** Of a file, relative to the kubelet's folder for profiles. */
  readonly localhostProfile?: string;
  readonly path: string;
  readonly span: Span;
  /** Where the file is named. */
  readonly fileSpan?: Span;
}

/** The seccompProfile of a securityContext; null and nothing are the same. */
export function seccompField(reader: FieldReader, context: Field | undefined): SeccompField | undefined {
  const field = fieldOf(context?.entry.value, context?.path ?? '', 'seccompProfile');
  if (!field || !context) return undefined;
  const struct = context.path.endsWith('spec.securityContext') ? 'PodSecurityContext' : 'SecurityContext';
  const profile = reader.object(field, struct, 'v1.SeccompProfile');
  const { path, entry } = field;
  if (!profile) return { path, span: entry.value.span };
  return { path, span: entry.keySpan, ...typeAndFile(reader, profile, path, entry.keySpan) };
}

function typeAndFile(
  reader: FieldReader,
  profile: ObjectTree,
  path: string,
  span: Span,
): Omit<SeccompField, 'path' | 'span'> {
  const written = reader.string(profile, path, 'type', 'SeccompProfile', 'v1.SeccompProfileType');
  const file = reader.string(profile, path, 'localhostProfile', 'SeccompProfile');
  const fileSpan = file?.entry.value.span;
  const type = SECCOMP_TYPES.find((known) => known === written?.value);
  const about = {
    ...(written && { written: written.value }),
    ...(file && { localhostProfile: file.value, fileSpan }),
  };
  if (!written || written.value === '') {
    // A value of another kind was told already.
    if (!written && entryOf(profile, 'type')?.value.kind === 'number') return about;
    reader.faults.push({
      code: 'incomplete-profile',
      fate: 'refused',
      said: `${path}.type: Required value: type is required when seccompProfile is set`,
      meaning: 'a seccompProfile without a type is refused',
      span,
      fix: file ? 'add type: Localhost' : 'add type: RuntimeDefault',
    });
    return { ...about, written: '' };
  }
  if (!type) {
    noType(reader, path, written.value, written.entry.value.span);
    return about;
  }
  checkFile(reader, type, path, file?.value, fileSpan ?? written.entry.value.span);
  return { ...about, type };
}

/** What the annotations of old called the types, and words for them that people write. */
const ALIASES: Readonly<Record<string, SeccompType>> = {
  'runtime/default': 'RuntimeDefault',
  'docker/default': 'RuntimeDefault',
  default: 'RuntimeDefault',
  runtimedefault: 'RuntimeDefault',
  localhost: 'Localhost',
  unconfined: 'Unconfined',
};

/** The type that somebody means who writes another word. */
export function meantType(written: string): SeccompType | undefined {
  const word = written.trim().toLowerCase().slice(0, 60);
  if (Object.hasOwn(ALIASES, word)) return ALIASES[word];
  if (word.startsWith('localhost/')) return 'Localhost';
  const close = suggest(word, Object.keys(ALIASES));
  return close === undefined ? undefined : ALIASES[close];
}

function noType(reader: FieldReader, path: string, written: string, span: Span): void {
  const supported = SECCOMP_TYPES.map((type) => `"${type}"`).join(', ');
  const meant = meantType(written);
  reader.faults.push({
    code: 'unknown-type',
    fate: 'refused',
    said: `${path}.type: Unsupported value: ${quote(written)}: supported values: ${supported}`,
    meaning: 'the types are spelled exactly so, capital letters included',
    span,
    fix: meant && `write type: ${meant}`,
  });
}

function checkFile(
  reader: FieldReader,
  type: SeccompType,
  path: string,
  file: string | undefined,
  span: Span,
): void {
  const at = `${path}.localhostProfile`;
  const invalid = (rest: string) => `${at}: Invalid value: ${quote(file ?? '')}: ${rest}`;
  const refuse = (said: string, meaning: string, fix?: string) =>
    reader.faults.push({ code: 'bad-localhost-profile', fate: 'refused', said, meaning, span, fix });
  if (type !== 'Localhost') {
    if (file !== undefined && file !== '')
      refuse(
        invalid('can only be set when seccomp type is Localhost'),
        'a file is named beside another type',
        'write type: Localhost, or remove localhostProfile',
      );
    return;
  }
  if (file === undefined)
    refuse(
      `${at}: Required value: must be set when seccomp type is Localhost`,
      'no file is named',
      'name one, relative to the folder seccomp of the kubelet',
    );
  else if (file === '')
    reader.faults.push({
      code: 'bad-localhost-profile',
      fate: 'on-node',
      said: EMPTY_PATH,
      meaning:
        'the API server takes an empty name, and so does Pod Security; the kubelet then says CreateContainerConfigError',
      span,
      fix: 'name a file, relative to the folder seccomp of the kubelet',
    });
  else if (file.startsWith('/'))
    refuse(invalid('must be a relative path'), 'the path begins at the root', relativeOf(file));
  else if (file.split('/').includes('..'))
    refuse(invalid("must not contain '..'"), 'the path goes up', straightened(file));
}

/** What is left of an absolute path below a folder seccomp, where kubelets look. */
function relativeOf(file: string): string {
  const below = /\/seccomp\/(.+)$/.exec(file)?.[1];
  return below === undefined
    ? 'write it relative to the folder seccomp of the kubelet'
    : `write localhostProfile: ${quote(below).slice(1, -1)}`;
}

/** The path that one with parts `..` comes to. */
function straightened(file: string): string {
  const parts: string[] = [];
  for (const part of file.slice(0, 4096).split('/'))
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  return parts.length > 0
    ? `write localhostProfile: ${quote(parts.join('/')).slice(1, -1)}`
    : 'write it without ..';
}
