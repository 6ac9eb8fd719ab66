import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keeperOf, onNode } from './namespaces.ts';
import { API_ADDRESS, NODES, type Place } from './places.ts';
import { runTool } from './programs.ts';

const CABLE = 'cluster0';

/** Links the two nodes by a cable, so that each finds the pods of the other. Nothing else leads out of them. */
export async function linkNodes(): Promise<void> {
  const [first, second] = NODES;
  const end = (place: Place) => ['name', CABLE, 'netns', keeperOf(place)];
  await runTool(['ip', 'link', 'add', ...end(first), 'type', 'veth', 'peer', ...end(second)]);
  for (const [own, other] of [
    [first, second],
    [second, first],
  ] as const) {
    await ip(own, `address add ${own.address}/24 dev ${CABLE}`);
    await ip(own, `link set ${CABLE} up`);
    await ip(own, `route add ${other.pods} via ${other.address}`);
  }
  // There is no kube-proxy: the API server itself has the address that pods know.
  await ip(first, `address add ${API_ADDRESS}/32 dev lo`);
  await ip(second, `route add ${API_ADDRESS}/32 via ${first.address}`);
}

/** Where a node's containerd is told how a pod gets its address. */
export function podNetworkFolder({ folder }: Place): string {
  return join(folder, 'cni');
}

export function writePodNetwork(place: Place): void {
  const list = {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      { type: 'ptp', ipam: { type: 'host-local', subnet: place.pods, routes: [{ dst: '0.0.0.0/0' }] } },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
  mkdirSync(podNetworkFolder(place));
  writeFileSync(join(podNetworkFolder(place), 'pods.conflist'), JSON.stringify(list));
}

async function ip(place: Place, words: string): Promise<void> {
  await runTool(onNode(place, ['ip', ...words.split(' ')]));
}
