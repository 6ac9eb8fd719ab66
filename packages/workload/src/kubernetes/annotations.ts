import type { Span } from '@callgate/engine/internal/diagnostics/span';
import { quote } from '@callgate/engine/internal/source/tree';
import type { ApiFault } from './api-fault.ts';
import { metadataTexts } from './kube-object.ts';
import type { Pod } from './pod.ts';
import type { PodSite } from './pod-site.ts';
import type { SeccompField, SeccompType } from './seccomp-field.ts';

/** The keys of old: one for the pod, and one for each container, whose name follows. */
export const POD_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod';
export const CONTAINER_ANNOTATION = 'container.seccomp.security.alpha.kubernetes.io/';

/** What an annotation names. */
export interface SeccompAnnotation {
  readonly key: string;
  readonly value: string;
  /** Undefined: the pod. */
  readonly container?: string;
  /** Undefined where it is no profile. */
  readonly type?: SeccompType;
  readonly localhostProfile?: string;
  readonly keySpan: Span;
  readonly span: Span;
}

/** Every container of a pod asks for them; they are read once. */
const READ = new WeakMap<PodSite, readonly SeccompAnnotation[]>();

/** The annotations of old of a pod. */
export function seccompAnnotations({ site }: Pod): readonly SeccompAnnotation[] {
  const found = READ.get(site) ?? readAnnotations(site);
  READ.set(site, found);
  return found;
}

function readAnnotations(site: PodSite): SeccompAnnotation[] {
  return metadataTexts(site.metadata, 'annotations').flatMap(({ key, value, keySpan, span }) => {
    const about = { key, value, keySpan, span, ...annotated(value) };
    if (key === POD_ANNOTATION) return [about];
    if (!key.startsWith(CONTAINER_ANNOTATION)) return [];
    return [{ ...about, container: key.slice(CONTAINER_ANNOTATION.length) }];
  });
}

function annotated(value: string): Pick<SeccompAnnotation, 'type' | 'localhostProfile'> {
  if (value === 'runtime/default' || value === 'docker/default') return { type: 'RuntimeDefault' };
  if (value === 'unconfined') return { type: 'Unconfined' };
  if (!value.startsWith('localhost/')) return {};
  const file = value.slice('localhost/'.length);
  return pathFault(file) === undefined ? { type: 'Localhost', localhostProfile: file } : {};
}

/** What is wrong with a path, in the words of the API server. An empty one is not. */
function pathFault(path: string): string | undefined {
  if (path.startsWith('/')) return 'must be a relative path';
  return path.split('/').includes('..') ? "must not contain '..'" : undefined;
}

/** What the API server has to say of them, since 1.27: nothing reads them, and yet they can make a pod invalid. */
export function annotationFaults(pod: Pod): ApiFault[] {
  const fields = new Map(pod.containers.map(({ site, profile }) => [site.name, profile]));
  const isEverySet = everyHasField(pod);
  return seccompAnnotations(pod).flatMap((annotation): ApiFault[] => {
    const { key, container } = annotation;
    const at = `metadata.annotations[${key}]`;
    const field = container === undefined ? pod.profile : fields.get(container);
    if (annotation.type === undefined) return [invalid(annotation, metadataPath(pod))];
    const contradiction = field && contradictionOf(annotation, field);
    if (contradiction) return [contradicts(annotation, field, at, contradiction)];
    const isForNobody = container !== undefined && !fields.has(container);
    const isHarmless = container === undefined ? isEverySet : (field ?? pod.profile) !== undefined;
    return [ignored(annotation, at, isForNobody, isHarmless)];
  });
}

/** Where the API server says that the annotations of a pod or of a template are. */
function metadataPath({ site: { isPod, path } }: Pod): string {
  return isPod ? 'metadata' : path.replace(/\.?spec$/, '');
}

function everyHasField({ profile, containers }: Pod): boolean {
  return profile !== undefined || containers.every((container) => container.profile !== undefined);
}

function contradictionOf(annotation: SeccompAnnotation, field: SeccompField): string | undefined {
  if (field.type === undefined) return undefined;
  if (annotation.type !== field.type) return 'seccomp type in annotation and field must match';
  return annotation.localhostProfile !== field.localhostProfile
    ? 'seccomp profile in annotation and field must match'
    : undefined;
}

function contradicts(annotation: SeccompAnnotation, field: SeccompField, at: string, said: string): ApiFault {
  return {
    code: 'annotation-contradicts',
    fate: 'refused',
    said: `${at}: ${said}`,
    meaning: `the annotation says ${quote(annotation.value)}, the field at ${field.path} ${field.type}`,
    span: annotation.keySpan,
    fix: 'remove the annotation: nothing reads it any more',
  };
}

function invalid({ key, value, keySpan }: SeccompAnnotation, metadata: string): ApiFault {
  const path = value.startsWith('localhost/') ? value.slice('localhost/'.length) : undefined;
  const rest = (path !== undefined && pathFault(path)) || 'must be a valid seccomp profile';
  return {
    code: 'annotation-invalid',
    fate: 'refused',
    said: `${metadata}.annotations.${key}: Invalid value: ${quote(path ?? value)}: ${rest}`,
    meaning: `nothing reads ${key} any more, and still its value is validated`,
    span: keySpan,
    fix: 'remove the annotation, and set securityContext.seccompProfile',
  };
}

function ignored(
  { keySpan }: SeccompAnnotation,
  at: string,
  isForNobody: boolean,
  isHarmless: boolean,
): ApiFault {
  const meaning = isForNobody
    ? 'the annotation does nothing, and there is no container of that name'
    : isHarmless
      ? 'the annotation does nothing; the field decides'
      : 'the annotation does nothing, and no field takes its place';
  return {
    code: 'annotation-ignored',
    fate: 'warned',
    said: `${at}: non-functional in v1.27+; use the "seccompProfile" field instead`,
    meaning,
    span: keySpan,
    fix: isHarmless || isForNobody ? 'remove it' : 'set securityContext.seccompProfile in its place',
  };
}
