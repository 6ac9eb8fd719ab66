import { mkdirSync, rmSync } from 'node:fs';
import { NotHere } from '../machine.ts';
import { clientPrograms, kubernetesProgram, newestRuntimes } from './binaries.ts';
import { cgroupsExist, makeCgroups, removeCgroups } from './cgroups.ts';
import { kubectl } from './client.ts';
import { RUNTIMES, startContainerd } from './containerd.ts';
import { startControlPlane } from './control-plane.ts';
import { ADMIN, makeCertificates, writeKubeconfig } from './credentials.ts';
import { startKubelet } from './kubelet.ts';
import { beginNode } from './namespaces.ts';
import { linkNodes, writePodNetwork } from './network.ts';
import { NODES, STATE } from './places.ts';
import { interruption, refuseEnded } from './programs.ts';
import { whyNoCluster } from './requirements.ts';
import { until } from './until.ts';

const READY_MS = 60_000;

/** Starts the cluster and waits for its nodes. When that fails, nothing is left of it. */
export async function clusterUp(say: (text: string) => void): Promise<void> {
  const why = whyNoCluster();
  if (why) throw new NotHere(why);
  if (cgroupsExist()) throw new Error('there is a cluster already: npm run cluster:down ends it');
  try {
    makeCgroups();
    await start(say);
  } catch (fault) {
    interruption.abort();
    await clusterDown();
    throw fault;
  }
}

/** Ends everything that belongs to the cluster, in whatever state it is. */
export async function clusterDown(): Promise<void> {
  await removeCgroups();
  rmSync(STATE, { recursive: true, force: true });
}

async function start(say: (text: string) => void): Promise<void> {
  const clients = await clientPrograms(say);
  const runtimes = await newestRuntimes(say);
  const kubernetes = await kubernetesProgram(say);

  say('starting two nodes');
  rmSync(STATE, { recursive: true, force: true });
  mkdirSync(STATE, { recursive: true, mode: 0o700 });
  for (const node of NODES) {
    mkdirSync(node.folder);
    writePodNetwork(node);
  }
  await Promise.all(NODES.map((node) => beginNode(node, node.name === 'newest' ? runtimes : undefined)));
  await linkNodes();

  say('starting Kubernetes on them');
  const certificates = await makeCertificates(kubernetes);
  writeKubeconfig(ADMIN, certificates, 'admin');
  const [controlPlane, ...containerds] = await Promise.all([
    startControlPlane(kubernetes, clients, certificates),
    ...NODES.map(startContainerd),
  ]);
  const kubelets = NODES.map((node) => startKubelet(node, kubernetes, certificates));
  await kubectl(clients, ['apply', '-f', '-'], runtimeClasses());
  await until('both nodes are Ready', READY_MS, async () => {
    refuseEnded([...controlPlane, ...containerds, ...kubelets]);
    return takesPods(clients);
  });
}

function runtimeClasses(): string {
  const items = RUNTIMES.map((name) => ({
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name },
    handler: name,
  }));
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

/** Nodes are Ready, and pods have an account to run as. */
async function takesPods(clients: string): Promise<boolean> {
  const isReady = '{.items[*].status.conditions[?(@.type=="Ready")].status}';
  const ready = await kubectl(clients, ['get', 'nodes', '-o', `jsonpath=${isReady}`]);
  if (ready !== NODES.map(() => 'True').join(' ')) return false;
  const account = await kubectl(clients, ['get', 'serviceaccount', 'default', '--ignore-not-found']);
  return account !== '';
}
