import { isDeepStrictEqual } from 'node:util';
import type { ApiClient, ClusterObject } from '@callgate/operator';
import { AccessDenied, auditRules, clusterObjects, kubeletSettings } from '@callgate/operator';

/** A cluster with pods in it, and who asks it. */
export interface ApiWorld {
  /** A client that has all rights. */
  readonly admin: ApiClient;
  /** One with the rights of docs/cluster-rbac.yaml alone. */
  readonly auditor: ApiClient;
  /** One that the cluster knows, but that has no rights. */
  readonly stranger: ApiClient;
  /** What kubectl prints, with all rights. */
  kubectl(...args: string[]): Promise<string>;
}

type Check = (world: ApiWorld) => Promise<string | undefined>;

/** What callgate's own client of the API owes to whoever audits, whatever cluster it asks; each finds what is wrong. */
const CHECKS: readonly (readonly [name: string, check: Check])[] = [
  ['it sees what kubectl sees', ({ admin, kubectl }) => seesAll(admin, kubectl)],
  ['the documented role is enough', ({ auditor, kubectl }) => seesAll(auditor, kubectl)],
  ['lists are the same in small pages', smallPages],
  ['one namespace is seen alone', oneNamespace],
  ['who has no rights is told which', tellsRights],
  ['a namespace that is not there is a fault', noNamespace],
  ['kubelets say how they are set', kubelets],
];

/** The checks that fail, and why. */
export async function apiClientFaults(world: ApiWorld): Promise<string[]> {
  const faults: string[] = [];
  for (const [name, check] of CHECKS) {
    const fault = await check(world).catch((thrown) => String(thrown));
    if (fault !== undefined) faults.push(`${name}: ${fault}`);
  }
  return faults;
}

async function seesAll(client: ApiClient, kubectl: ApiWorld['kubectl']): Promise<string | undefined> {
  const seen = await taken(clusterObjects(client, { namespaces: 'all' }));
  for (const resource of [
    'namespaces',
    'nodes',
    'runtimeclasses',
    'pods',
    'deployments.apps',
    'daemonsets.apps',
  ]) {
    const { items } = JSON.parse(await kubectl('get', resource, '-A', '-o', 'json', '--chunk-size=3'));
    for (const item of items as Item[]) {
      const same = seen.find(({ object }) => uidOf(object) === item.metadata.uid);
      if (!same) return `${resource} ${item.metadata.name} is missing`;
      const [own, theirs] = [same.object as unknown as Item, item].map(essence);
      if (!isDeepStrictEqual(own, theirs))
        return `${same.path} is ${JSON.stringify(own)}, and for kubectl ${JSON.stringify(theirs)}`;
      const raw = JSON.parse(await kubectl('get', '--raw', same.path));
      if (raw.metadata.uid !== item.metadata.uid) return `${same.path} is another object`;
    }
  }
  return undefined;
}

interface Item {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly uid: string; readonly name: string };
  readonly spec?: unknown;
}

/** What does not change while it is looked at. */
function essence({ apiVersion, kind, spec }: Item): object {
  return { apiVersion, kind, spec };
}

const uidOf = (object: ClusterObject['object']) => (object as unknown as Item).metadata.uid;

async function smallPages({ admin }: ApiWorld): Promise<string | undefined> {
  const uids = async (limit: number) =>
    (await taken(admin.list('/api/v1/namespaces', { limit }))).map(uidOf).join();
  const [whole, pages] = [await uids(250), await uids(1)];
  return whole === pages ? undefined : `${whole} at once, ${pages} one by one`;
}

async function oneNamespace({ admin }: ApiWorld): Promise<string | undefined> {
  const seen = await taken(clusterObjects(admin, { namespaces: ['kube-system'] }));
  const others = seen.filter(({ path }) => /\/namespaces\/(?!kube-system(\/|$))/.test(path));
  if (others.length > 0) return others.map(({ path }) => path).join();
  return seen.some(({ path }) => path === '/api/v1/namespaces/kube-system') ? undefined : 'it is missing';
}

async function tellsRights({ stranger }: ApiWorld): Promise<string | undefined> {
  const missing: string[] = [];
  const onUnseen = (fault: Error) => {
    if (fault instanceof AccessDenied) missing.push(`${fault.access.group} ${fault.access.resource}`);
  };
  const seen = await taken(clusterObjects(stranger, { namespaces: 'all', onUnseen }));
  if (seen.length > 0) return `it sees ${seen.map(({ path }) => path).join()}`;
  const needed = auditRules().flatMap(({ apiGroups, resources }) =>
    resources.map((one) => `${apiGroups[0]} ${one}`),
  );
  const untold = needed.filter((one) => !one.includes('security') && !missing.includes(one));
  return untold.length > 0 ? `nothing is said of ${untold.join()}` : undefined;
}

async function noNamespace({ admin }: ApiWorld): Promise<string | undefined> {
  const words = await taken(clusterObjects(admin, { namespaces: ['not-there'] })).then(() => 'none', String);
  return words.endsWith('the cluster has no namespace "not-there"') ? undefined : words;
}

async function kubelets({ admin, auditor }: ApiWorld): Promise<string | undefined> {
  const nodes = (await taken(admin.list('/api/v1/nodes'))) as unknown as Item[];
  for (const { metadata } of nodes) {
    const { seccompDefault } = await kubeletSettings(admin, metadata.name);
    if (typeof seccompDefault !== 'boolean') return `${metadata.name} says ${seccompDefault}`;
  }
  const refused = await kubeletSettings(auditor, nodes[0]!.metadata.name).catch((fault) => fault);
  return refused instanceof AccessDenied ? undefined : 'the role for audits reaches kubelets';
}

async function taken<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
