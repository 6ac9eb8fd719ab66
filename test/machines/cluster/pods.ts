import { kubectl } from './client.ts';
import { BUSYBOX_IMAGE } from './images.ts';
import { onNode } from './namespaces.ts';
import { nodeCalled, type Place } from './places.ts';
import { runTool } from './programs.ts';
import { Hopeless, until } from './until.ts';

const START_MS = 60_000;

/** A pod of one container that a test makes. */
export interface PodPlan {
  readonly name: string;
  readonly node: Place['name'];
  /** runc or crun. */
  readonly runtime: string;
  readonly seccomp: { readonly type: string; readonly localhostProfile?: string };
  /** For BusyBox's shell. */
  readonly script: string;
}

/** The container of a pod that runs. */
export interface RunningPod extends PodPlan {
  /** As its node's containerd knows it. */
  readonly id: string;
  readonly pid: number;
}

/** Makes the pods, and waits until all of them run. */
export async function startPods(clients: string, plans: readonly PodPlan[]): Promise<readonly RunningPod[]> {
  const items = plans.map(manifest);
  await kubectl(clients, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  return Promise.all(plans.map((plan) => running(clients, plan)));
}

export async function deletePods(clients: string, plans: readonly PodPlan[]): Promise<void> {
  await kubectl(clients, ['delete', 'pod', '--now', ...plans.map(({ name }) => name)]);
}

function manifest({ name, node, runtime, seccomp, script }: PodPlan): object {
  const container = { name: 'main', image: BUSYBOX_IMAGE, command: ['/bin/sh', '-c', script] };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      nodeSelector: { 'kubernetes.io/hostname': node },
      runtimeClassName: runtime,
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { seccompProfile: seccomp },
      containers: [container],
    },
  };
}

interface ContainerStatus {
  readonly containerID?: string;
  readonly state: {
    readonly running?: object;
    readonly terminated?: object;
    readonly waiting?: { readonly message?: string };
  };
}

async function running(clients: string, plan: PodPlan): Promise<RunningPod> {
  let id = '';
  await until(`the pod ${plan.name} runs`, START_MS, async () => {
    const status = ['get', 'pod', plan.name, '-o', 'jsonpath={.status.containerStatuses[0]}'];
    const text = await kubectl(clients, status);
    if (text === '') return false;
    const { containerID, state }: ContainerStatus = JSON.parse(text);
    if (state.terminated) throw new Hopeless(`${plan.name} has ended: ${JSON.stringify(state.terminated)}`);
    if (state.waiting?.message) throw new Error(state.waiting.message);
    id = containerID?.replace('containerd://', '') ?? '';
    return state.running !== undefined;
  });
  const tasks = ['ctr', '--namespace', 'k8s.io', 'tasks', 'list'];
  const listed = await runTool(onNode(nodeCalled(plan.node), tasks));
  return { ...plan, id, pid: Number(new RegExp(`^${id}\\s+(\\d+)`, 'm').exec(listed)?.[1]) };
}
