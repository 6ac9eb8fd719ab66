import { join } from 'node:path';
import { clientPrograms } from '../cluster/binaries.ts';
import { clusterDown, clusterUp } from '../cluster/cluster.ts';
import { ClusterContract } from '../cluster/contract.ts';
import { CLUSTER_AREAS, type Finding } from '../contract/finding.ts';
import type { Machine } from '../machine.ts';
import type { Product } from '../payload.ts';

/** A real Kubernetes of two nodes, whose pods are looked at from their nodes. */
export const machines: readonly Machine[] = [
  {
    name: 'cluster',
    cost: '4 GB of disk and a quarter of an hour once, then two minutes',
    areas: CLUSTER_AREAS,
    async run(product, say) {
      await clusterUp(say);
      process.once('SIGINT', downAtOnce);
      try {
        say('running the contract');
        return await contract(product, say);
      } finally {
        await clusterDown();
        process.off('SIGINT', downAtOnce);
      }
    },
  },
];

async function contract(product: Product, say: (text: string) => void): Promise<readonly Finding[]> {
  const { folder, callgate } = await product.for('x64');
  return new ClusterContract(await clientPrograms(say), join(folder, callgate)).findings();
}

async function downAtOnce(): Promise<void> {
  await clusterDown();
  process.exit(130);
}
