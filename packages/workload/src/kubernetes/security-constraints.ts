import { stringAt, valueAt } from '../documents/lookup.ts';
import { seccompAnnotations } from './annotations.ts';
import type { KubeObject } from './kube-object.ts';
import type { Pod } from './pod.ts';

/** A SecurityContextConstraints of OpenShift, as far as it is about seccomp. */
export interface Constraint {
  readonly name: string;
  /** Such as runtime/default, localhost/FILE or *; empty: none may be set. */
  readonly allowed: readonly string[];
}

/** Reads a constraint; undefined for other objects. */
export function readConstraint({ kind, group, name, tree }: KubeObject): Constraint | undefined {
  if (kind !== 'SecurityContextConstraints' || group !== 'security.openshift.io') return undefined;
  const list = valueAt(tree, 'seccompProfiles');
  const items = list?.kind === 'array' ? list.items : [];
  return { name, allowed: items.flatMap((item) => (item.kind === 'string' ? [item.value] : [])) };
}

/** What a constraint has to say of a pod, whose profiles are written as annotations wrote them. */
export type ConstraintVerdict =
  | { readonly kind: 'passes' }
  | { readonly kind: 'sets'; readonly profile: string }
  | { readonly kind: 'refuses'; readonly said: string };

/** The profiles that a pod asks for, in the words of the annotations: undefined where it asks for none. */
export function askedProfile(pod: Pod): string | undefined {
  const fields = [pod.profile, ...pod.containers.map(({ profile }) => profile)];
  const [field] = fields.filter((one) => one?.type !== undefined);
  if (field?.type === 'Localhost') return `localhost/${field.localhostProfile ?? ''}`;
  if (field) return field.type === 'RuntimeDefault' ? 'runtime/default' : 'unconfined';
  // It still reads the annotations, though no kubelet does.
  return seccompAnnotations(pod)[0]?.value;
}

/** Source: OpenShift's apiserver-library-go, its strategy for seccomp. */
export function constraintVerdict({ allowed }: Constraint, asked: string | undefined): ConstraintVerdict {
  if (asked === undefined) {
    const first = allowed.find((profile) => profile !== '*');
    return first === undefined ? { kind: 'passes' } : { kind: 'sets', profile: first };
  }
  if (allowed.length === 0) return { kind: 'refuses', said: 'Forbidden: seccomp may not be set' };
  if (allowed.includes('*') || allowed.includes(asked)) return { kind: 'passes' };
  return {
    kind: 'refuses',
    said: `${asked} is not an allowed seccomp profile. Valid values are [${allowed.join(' ')}]`,
  };
}

/** Of a RuntimeClass: who handles its containers. */
export function readHandler({ kind, group, name, tree }: KubeObject): [string, string] | undefined {
  const handler = stringAt(tree, 'handler');
  return kind === 'RuntimeClass' && group === 'node.k8s.io' && handler !== undefined
    ? [name, handler]
    : undefined;
}
