import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StoredObject, stored } from '@callgate/testing/api-resources';
import type { Rule } from '@callgate/testing/api-server';
import { ApiServer } from '@callgate/testing/api-server';
import type { Undo } from '@callgate/testing/recorded';
import type { ApiClient, ClientOptions } from '../../src/client/api-client.ts';
import { connectCluster } from '../../src/client/connect.ts';

/** A cluster with something of every kind, in two namespaces. */
export function someObjects(): readonly StoredObject[] {
  const owner = (controller: boolean) => ({
    ownerReferences: [{ kind: 'Deployment', name: 'web', controller }],
  });
  return [
    ...['shop', 'tools'].map((name) => stored('Namespace', name)),
    stored('Node', 'one', undefined, { labels: { seccompDefault: 'true' } }),
    stored('Node', 'two'),
    stored('RuntimeClass', 'crun'),
    ...['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'].map((kind) =>
      stored(kind, 'web', 'shop'),
    ),
    stored('ReplicaSet', 'web-1', 'shop', owner(true)),
    stored('ReplicaSet', 'adopted', 'shop', owner(false)),
    stored('ReplicaSet', 'bare', 'tools'),
    ...Array.from({ length: 7 }, (_, i) => stored('Pod', `web-${i}`, 'shop')),
    stored('Pod', 'shell', 'tools'),
    stored('Secret', 'password', 'shop'),
    stored('SecurityContextConstraints', 'restricted-v2'),
    stored('SeccompProfile', 'web', 'shop'),
    stored('SecurityProfileNodeStatus', 'web-one', 'shop'),
  ];
}

/** A server, and how to make clients of it. */
export interface Served {
  readonly server: ApiServer;
  client(options?: ClientOptions & { user?: object; cluster?: object }): Promise<ApiClient>;
}

export async function serve(
  undo: Undo,
  objects: readonly StoredObject[] = someObjects(),
  rules?: readonly Rule[],
): Promise<Served> {
  const folder = undo.folder();
  const server = await ApiServer.start(folder, objects, rules);
  undo.defer(() => server.stop());
  let made = 0;
  return {
    server,
    async client({ user, cluster, ...options } = {}) {
      const kubeconfig = join(folder, `config-${++made}`);
      writeFileSync(kubeconfig, JSON.stringify(server.kubeconfig(user, cluster)));
      const around = { env: process.env, cwd: folder };
      const client = await connectCluster(around, { kubeconfig, pause: async () => {}, ...options });
      undo.defer(() => client.close());
      return client;
    },
  };
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The message that it fails with, which is one line. */
export async function faultOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (fault) {
    const { name, message } = fault as Error;
    if (message.includes('\n')) throw new Error(`not one line: ${message}`);
    return fault instanceof Error && name === 'Error' ? message : `${name}: ${message}`;
  }
  throw new Error('it does not fail');
}
