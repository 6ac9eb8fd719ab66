import { existsSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import type { Surroundings } from './find-kubeconfig.ts';
import type { KubeCluster, KubeUser } from './kubeconfig.ts';
import { readSmallFile } from './read-small-file.ts';

/** Where the kubelet puts what a pod speaks to its cluster with. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const MOST_NAME = 1024;

/** The cluster that this process is a part of, and the pod's own service account. */
export interface OwnCluster {
  readonly cluster: KubeCluster;
  readonly user: KubeUser;
  readonly namespace?: string;
}

/** Undefined outside of a pod, and in one that has no token of its service account. */
export async function ownCluster(
  { env }: Surroundings,
  folder = SERVICE_ACCOUNT,
): Promise<OwnCluster | undefined> {
  const [host, port] = [env.KUBERNETES_SERVICE_HOST, env.KUBERNETES_SERVICE_PORT];
  const tokenFile = join(folder, 'token');
  if (!host || !port || !existsSync(tokenFile)) return undefined;
  const authority = join(folder, 'ca.crt');
  const namespace = await readSmallFile(join(folder, 'namespace'), MOST_NAME, 'the name of the namespace');
  return {
    cluster: {
      file: 'the pod',
      server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
      skipsVerification: false,
      ...(existsSync(authority) && { authority: { kind: 'file', path: authority } }),
    },
    user: { file: 'the pod', tokenFile, impersonation: {} },
    namespace: namespace?.toString('utf8').trim(),
  };
}
