import { homedir } from 'node:os';
import { join } from 'node:path';

/** Everything that belongs to the running cluster; there is one at a time on a machine. For root alone. */
export const STATE = join(homedir(), '.cache/callgate-cluster');

/** All processes of the cluster are in this cgroup, all pods in the cgroups of that name. */
export const CGROUP = 'callgate-cluster';

/** The address of the API server inside of the cluster, as pods get it. */
export const API_ADDRESS = '10.96.0.1';

/** A machine of the cluster: namespaces of its own on this one. */
export interface Place {
  readonly name: 'debian' | 'newest';
  /** Its folder: what it writes, what it logs. */
  readonly folder: string;
  readonly address: string;
  /** Addresses of its pods. */
  readonly pods: string;
}

/** The control plane lives on the first one, too. */
export const NODES: readonly [Place, Place] = [
  { name: 'debian', folder: join(STATE, 'debian'), address: '10.99.0.1', pods: '10.98.1.0/24' },
  { name: 'newest', folder: join(STATE, 'newest'), address: '10.99.0.2', pods: '10.98.2.0/24' },
];

export function nodeCalled(name: string | undefined): Place {
  const node = NODES.find((one) => one.name === name);
  if (!node) throw new Error(`the nodes are called ${NODES.map((one) => one.name).join(' and ')}`);
  return node;
}
