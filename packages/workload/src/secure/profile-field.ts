import type { Value } from '@callgate/engine/internal/source/edit';
import { member } from './merged.ts';
import { isObject, stringOf } from './plain.ts';

/** What stands in a seccompProfile, or what an annotation says. */
export type ProfileField =
  | { readonly kind: 'unset' }
  | { readonly kind: 'default' }
  | { readonly kind: 'unconfined' }
  | { readonly kind: 'localhost'; readonly path: string }
  /** No type of Kubernetes', but it is plain that the runtime's default was meant. */
  | { readonly kind: 'meant-default'; readonly said: string }
  | { readonly kind: 'invalid'; readonly said: string };

export const POD_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod';
const CONTAINER_ANNOTATION = 'container.seccomp.security.alpha.kubernetes.io/';

/** The dead annotation of a container. */
export function containerAnnotation(name: string): string {
  return CONTAINER_ANNOTATION + name;
}

/** Reads a seccompProfile. */
export function profileField(value: Value | undefined): ProfileField {
  if (value === undefined || value === null) return { kind: 'unset' };
  if (typeof value === 'string') return misspelt(value);
  if (!isObject(value)) return { kind: 'invalid', said: 'no object' };
  const type = member(value, 'type');
  const path = stringOf(member(value, 'localhostProfile'));
  if (type === 'Unconfined') return { kind: 'unconfined' };
  if (type === 'RuntimeDefault')
    return path === undefined ? { kind: 'default' } : { kind: 'invalid', said: 'RuntimeDefault with a path' };
  if (type === 'Localhost')
    return path === undefined
      ? { kind: 'invalid', said: 'Localhost without a path' }
      : { kind: 'localhost', path };
  if (type === undefined || type === null)
    return path === undefined
      ? { kind: 'meant-default', said: 'nothing' }
      : { kind: 'invalid', said: 'a path without a type' };
  return typeof type === 'string' ? misspelt(type) : { kind: 'invalid', said: 'a type that is no string' };
}

/** Reads the value of an annotation, in the words that were in force before Kubernetes 1.27. */
export function annotationField(value: Value | undefined): ProfileField {
  if (value === undefined || value === null) return { kind: 'unset' };
  if (value === 'runtime/default' || value === 'docker/default') return { kind: 'default' };
  if (value === 'unconfined') return { kind: 'unconfined' };
  if (typeof value === 'string' && value.startsWith('localhost/'))
    return { kind: 'localhost', path: value.slice('localhost/'.length) };
  return { kind: 'invalid', said: typeof value === 'string' ? value : 'no string' };
}

/** The field as it is written, for what can be asked for. */
export function written(field: ProfileField): Value {
  switch (field.kind) {
    case 'localhost':
      return { type: 'Localhost', localhostProfile: field.path };
    case 'unconfined':
      return { type: 'Unconfined' };
    default:
      return { type: 'RuntimeDefault' };
  }
}

/** Whether the API server takes both at once (validateSeccompAnnotationsAndFieldsMatch). */
export function agree(annotation: ProfileField, field: ProfileField): boolean {
  if (annotation.kind !== field.kind) return false;
  return annotation.kind !== 'localhost' || field.kind !== 'localhost' || annotation.path === field.path;
}

function misspelt(word: string): ProfileField {
  const letters = word
    .slice(0, 40)
    .toLowerCase()
    .replaceAll(/[^a-z]/g, '');
  const isMeant = letters === 'runtimedefault' || letters === 'dockerdefault' || letters === 'default';
  return { kind: isMeant ? 'meant-default' : 'invalid', said: word };
}
