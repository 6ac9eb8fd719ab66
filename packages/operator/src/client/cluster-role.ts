import { AUDIT_KINDS } from './audit-kinds.ts';

/** A rule of a ClusterRole. */
export interface RbacRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/**
 * The rights that clusterObjects() makes use of. Which kinds a cluster has, everybody may ask who is known to it. Of
 * namespaces, one that is asked for by its name is got.
 */
export function auditRules(): readonly RbacRule[] {
  const lists = new Map<string, string[]>();
  for (const { group, resource } of AUDIT_KINDS) {
    if (resource !== 'namespaces') lists.set(group, [...(lists.get(group) ?? []), resource]);
  }
  return [
    { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list'] },
    ...[...lists].map(([group, resources]) => ({ apiGroups: [group], resources, verbs: ['list'] })),
  ];
}

/** The right that kubeletSettings() needs besides. It opens all else that kubelets serve, too. */
export function kubeletRules(): readonly RbacRule[] {
  return [{ apiGroups: [''], resources: ['nodes/proxy'], verbs: ['get'] }];
}
