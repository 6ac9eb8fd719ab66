/**
 * A cluster's side of callgate: what is read of its Kubernetes API, over GET requests alone. What is not exported here is
 * private and free to move.
 */
export type { Access } from './client/access.ts';
export { ApiClient, type ClientOptions } from './client/api-client.ts';
export { AccessDenied, ClusterFault, NotServed } from './client/cluster-fault.ts';
export { auditRules, kubeletRules, type RbacRule } from './client/cluster-role.ts';
export { type ClusterObject, clusterObjects, type ViewOptions } from './client/cluster-view.ts';
export { connectCluster } from './client/connect.ts';
export type { ConnectionChoice } from './client/connection.ts';
export type { Surroundings } from './client/find-kubeconfig.ts';
export { type KubeletSettings, kubeletSettings } from './client/kubelet-settings.ts';
