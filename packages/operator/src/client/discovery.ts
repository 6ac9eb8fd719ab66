import type { ApiClient } from './api-client.ts';
import type { AuditKind } from './audit-kinds.ts';
import { NotServed } from './cluster-fault.ts';
import { objectOf, textOf } from './json.ts';

/** A kind as this cluster has it. */
export interface ServedKind extends AuditKind {
  readonly version: string;
  readonly scope: 'namespace' | 'cluster';
}

const MOST_VERSIONS = 20;
const VERSION = /^v[0-9a-z]{1,20}$/;

/** Finds out in which version a cluster serves kinds, if it does. */
export class Discovery {
  private readonly client: ApiClient;
  private groups?: ReadonlyMap<string, readonly string[]>;

  constructor(client: ApiClient) {
    this.client = client;
  }

  /** Undefined when the cluster has no such kind. Throws AccessDenied, ClusterFault. */
  async served(kind: AuditKind): Promise<ServedKind | undefined> {
    const { version, scope } = kind;
    if (version !== undefined && scope !== undefined) return { ...kind, version, scope };
    this.groups ??= await this.servedGroups();
    for (const candidate of this.groups.get(kind.group) ?? []) {
      const found = await this.scopeIn(kind, candidate);
      if (found !== undefined) return { ...kind, version: candidate, scope: found };
    }
    return undefined;
  }

  /** The versions of each group, the one that the server prefers first. */
  private async servedGroups(): Promise<ReadonlyMap<string, readonly string[]>> {
    const groups = objectsIn(await this.client.get('/apis'), 'groups').map((group) => {
      const preferred = textOf(objectOf(group.preferredVersion)?.version);
      const versions = objectsIn(group, 'versions').map(({ version }) => textOf(version));
      const ordered = new Set([preferred, ...versions].filter((v) => v !== undefined && VERSION.test(v)));
      return [textOf(group.name) ?? '', [...ordered].slice(0, MOST_VERSIONS) as string[]] as const;
    });
    return new Map(groups);
  }

  private async scopeIn({ group, resource }: AuditKind, version: string) {
    try {
      const resources = objectsIn(await this.client.get(`/apis/${group}/${version}`), 'resources');
      const found = resources.find(({ name }) => name === resource);
      return found && (found.namespaced === true ? 'namespace' : 'cluster');
    } catch (fault) {
      // Removed in between, or served by somebody who is not there.
      if (fault instanceof NotServed) return undefined;
      throw fault;
    }
  }
}

function objectsIn(value: unknown, key: string): readonly Readonly<Record<string, unknown>>[] {
  const list: unknown = objectOf(value)?.[key];
  if (!Array.isArray(list)) return [];
  return list.map(objectOf).filter((item) => item !== undefined);
}
