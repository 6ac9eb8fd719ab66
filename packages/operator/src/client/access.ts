import { quote } from '@callgate/engine/internal/source/tree';

/** A right, as the rules of a Role name it. */
export interface Access {
  readonly verb: 'get' | 'list';
  /** "" for the oldest one, that of pods. */
  readonly group: string;
  /** In the plural; "nodes/proxy" is what lies behind a node. */
  readonly resource: string;
  readonly namespace?: string;
}

/** The right that a path of the API needs; undefined for paths that are no resource's, such as /apis. */
export function accessOf(verb: 'get' | 'list', path: string): Access | undefined {
  const [, root, ...rest] = path.split('?')[0]!.split('/');
  const [group, parts] =
    root === 'api' ? ['', rest.slice(1)] : root === 'apis' ? [rest[0] ?? '', rest.slice(2)] : ['', []];
  const isInNamespace = parts[0] === 'namespaces' && parts.length > 2;
  const [resource, , subresource] = isInNamespace ? parts.slice(2) : parts;
  if (!resource) return undefined;
  return {
    verb,
    group,
    resource: subresource ? `${resource}/${subresource}` : resource,
    ...(isInNamespace && { namespace: parts[1] }),
  };
}

/** What is said of whoever lacks the right: may not list pods in namespace "shop", and which rule would change that. */
export function describeDenial({ verb, group, resource, namespace }: Access): string {
  const where = namespace === undefined ? '' : ` in namespace ${quote(namespace)}`;
  const full = group ? `${resource}.${group}` : resource;
  return `may not ${verb} ${resource}${where}: this needs verbs [${verb}] on ${full}`;
}
