import { ApiClient, type ClientOptions } from './api-client.ts';
import { type ConnectionChoice, findConnection } from './connection.ts';
import type { Surroundings } from './find-kubeconfig.ts';

/**
 * A client of the cluster that kubectl would ask, or of the one that is chosen; nothing is sent yet. Throws ClusterFault.
 */
export async function connectCluster(
  around: Surroundings,
  choice: ConnectionChoice & ClientOptions = {},
): Promise<ApiClient> {
  return new ApiClient(await findConnection(around, choice), choice);
}
