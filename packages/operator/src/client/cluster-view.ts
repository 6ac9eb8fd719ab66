import { quote } from '@callgate/engine/internal/source/tree';
import type { ApiClient } from './api-client.ts';
import { AUDIT_KINDS } from './audit-kinds.ts';
import { AccessDenied, ClusterFault, NotServed } from './cluster-fault.ts';
import { Discovery, type ServedKind } from './discovery.ts';
import { objectOf, textOf } from './json.ts';
import type { ListItem } from './list-page.ts';

/** An object of a cluster. */
export interface ClusterObject {
  /** Where the API has it: /apis/apps/v1/namespaces/shop/deployments/web. */
  readonly path: string;
  /** As `kubectl get -o json` would print it, without metadata.managedFields. */
  readonly object: ListItem;
}

/** What of a cluster is looked at. */
export interface ViewOptions {
  /** Of these namespaces alone; without it, of the one that the context names. */
  readonly namespaces?: readonly string[] | 'all';
  /** Hears of what cannot be seen, and the rest is; without it the first such fault is thrown. */
  readonly onUnseen?: (fault: ClusterFault) => void;
}

/** As Kubernetes has it: a label of DNS. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Everything in a cluster that says under which seccomp filter containers run: pods and what makes them, namespaces, nodes,
 * runtime classes, and, where they are, OpenShift's constraints and the profiles of the Security Profiles Operator. What
 * belongs to no namespace comes whole, whichever are asked for. One page is held at a time. Throws ClusterFault, also when
 * a namespace does not exist.
 */
export async function* clusterObjects(
  client: ApiClient,
  { namespaces = [client.namespace], onUnseen }: ViewOptions = {},
): AsyncGenerator<ClusterObject> {
  const discovery = new Discovery(client);
  const asked = namespaces === 'all' ? undefined : [...new Set(namespaces)];
  refuseStrange(asked ?? []);
  const throwOrTell = (fault: unknown) => {
    const isUnseen = fault instanceof AccessDenied || fault instanceof UnservedKind;
    if (!isUnseen || !onUnseen) throw fault;
    onUnseen(fault);
  };
  for (const kind of AUDIT_KINDS) {
    const served = await discovery.served(kind).catch(throwOrTell);
    if (!served) continue;
    for (const list of listsOf(client, served, asked)) {
      try {
        yield* list;
      } catch (fault) {
        throwOrTell(fault);
      }
    }
  }
}

/** The cluster lacks a kind that every cluster should have. */
class UnservedKind extends ClusterFault {}

/** One that spans the cluster, or one for each namespace that is asked for. */
function listsOf(
  client: ApiClient,
  kind: ServedKind,
  namespaces: readonly string[] | undefined,
): readonly AsyncGenerator<ClusterObject>[] {
  if (namespaces && kind.kind === 'Namespace')
    return namespaces.map((name) => namespaceCalled(client, kind, name));
  if (namespaces && kind.scope === 'namespace')
    return namespaces.map((namespace) => objectsIn(client, kind, namespace));
  return [objectsIn(client, kind)];
}

async function* objectsIn(
  client: ApiClient,
  kind: ServedKind,
  namespace?: string,
): AsyncGenerator<ClusterObject> {
  try {
    for await (const item of client.list(pathOf(kind, namespace))) {
      if (!kind.onlyWithoutController || !hasController(item)) yield completed(kind, item);
    }
  } catch (fault) {
    if (!(fault instanceof NotServed)) throw fault;
    const name = `${groupVersion(kind)} ${kind.resource}`;
    throw new UnservedKind(`the cluster does not serve ${name}, so that they are not seen`);
  }
}

/** Asked for by its name, which is in the rights of who may see no others. */
async function* namespaceCalled(
  client: ApiClient,
  kind: ServedKind,
  name: string,
): AsyncGenerator<ClusterObject> {
  try {
    const found = objectOf(await client.get(`${pathOf(kind)}/${name}`));
    if (!found)
      throw new ClusterFault(`the server answers with something else than the namespace ${quote(name)}`);
    yield completed(kind, found);
  } catch (fault) {
    if (fault instanceof NotServed) throw new ClusterFault(`the cluster has no namespace ${quote(name)}`);
    throw fault;
  }
}

function refuseStrange(namespaces: readonly string[]): void {
  const strange = namespaces.find((name) => !NAMESPACE.test(name));
  if (strange !== undefined) throw new ClusterFault(`${quote(strange)} is no name of a namespace`);
}

function groupVersion({ group, version }: ServedKind): string {
  return group ? `${group}/${version}` : version;
}

function pathOf(kind: ServedKind, namespace?: string): string {
  const root = kind.group ? '/apis' : '/api';
  const inside = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}/${groupVersion(kind)}${inside}/${kind.resource}`;
}

/** Items of a list lack what the list says of all of them. */
function completed(kind: ServedKind, item: ListItem): ClusterObject {
  const { apiVersion: _, kind: __, metadata, ...rest } = item;
  const { managedFields: ___, ...kept } = objectOf(metadata) ?? {};
  const namespace = kind.scope === 'namespace' ? textOf(kept.namespace) : undefined;
  return {
    path: `${pathOf(kind, namespace)}/${encodeURIComponent(textOf(kept.name) ?? '')}`,
    object: { apiVersion: groupVersion(kind), kind: kind.kind, metadata: kept, ...rest },
  };
}

function hasController(item: ListItem): boolean {
  const owners = objectOf(item.metadata)?.ownerReferences;
  return Array.isArray(owners) && owners.some((owner) => objectOf(owner)?.controller === true);
}
