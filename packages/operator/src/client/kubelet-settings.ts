import { quote } from '@callgate/engine/internal/source/tree';
import type { ApiClient } from './api-client.ts';
import { ClusterFault } from './cluster-fault.ts';
import { objectOf } from './json.ts';

/** What a node's kubelet says of itself. */
export interface KubeletSettings {
  readonly node: string;
  /** Containers without a profile get the runtime's default one. */
  readonly seccompDefault: boolean;
}

/** As Kubernetes has it: a subdomain of DNS. */
const NODE = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/**
 * The settings of one kubelet that is running, which the API server fetches from it; that needs the right to get nodes/proxy.
 * Its folder of profiles is not among them. Throws AccessDenied, ClusterFault.
 */
export async function kubeletSettings(client: ApiClient, node: string): Promise<KubeletSettings> {
  if (!NODE.test(node)) throw new ClusterFault(`${quote(node)} is no name of a node`);
  const answer = objectOf(await client.get(`/api/v1/nodes/${node}/proxy/configz`));
  const settings = objectOf(answer?.kubeletconfig);
  if (!settings) throw new ClusterFault(`the kubelet of ${quote(node)} does not say how it is set`);
  return { node, seccompDefault: settings.seccompDefault === true };
}
