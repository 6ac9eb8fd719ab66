import { printable } from '@callgate/engine/internal/report/words';
import type { Release } from '@callgate/engine/internal/runtime/target';
import { type ClusterNode, USUAL_NODE } from '@callgate/workload';
import {
  NODE_RUNTIMES,
  type NodeRuntime,
  type StartedBy,
} from '@callgate/workload/internal/kubernetes/cluster-node';
import { type StandardsVersion, standardsVersion } from '@callgate/workload/internal/kubernetes/standards';
import type { Command } from 'commander';
import { CliFailure, type Context } from '../context.ts';
import { kubeletHasDefault } from '../load/kubelet-config.ts';
import { runtimeNamed } from './target-flags.ts';

/** On which nodes pods will run. */
export interface NodeFlags {
  readonly runtime?: string;
  readonly kubernetes?: string;
  readonly seccompDefault?: boolean;
  readonly kubeletConfig?: string;
  readonly podSecurity: string;
}

export function addNodeFlags(command: Command): void {
  command
    .optionsGroup('Where it will run:')
    .option(
      '--runtime <name[@v]>',
      `what the nodes have: ${NODE_RUNTIMES.join(', ')}; or runc or crun, behind containerd (default: containerd with runc)`,
    )
    .option('--kubernetes <v>', 'the release of the nodes, such as 1.26 (default: a current one)')
    .option(
      '--seccomp-default',
      'the kubelets have seccompDefault: who names no profile gets that of the runtime',
    )
    .option('--kubelet-config <file>', 'take that from the configuration of a kubelet')
    .option('--pod-security <v>', 'the version of the Pod Security Standards, such as v1.25', 'latest');
}

const STARTERS: readonly StartedBy[] = ['runc', 'crun'];

/** The node that the flags describe. */
export async function nodeOf(context: Context, flags: NodeFlags): Promise<ClusterNode> {
  const { runtime, startedBy, release } = runtimeOf(flags.runtime);
  const seccompDefault =
    flags.seccompDefault === true ||
    (flags.kubeletConfig !== undefined && (await kubeletHasDefault(context, flags.kubeletConfig)));
  return {
    runtime,
    startedBy,
    seccompDefault,
    ...(release && { release }),
    ...(flags.kubernetes !== undefined && { kubernetes: minorOf(flags.kubernetes) }),
  };
}

function runtimeOf(text: string | undefined): Pick<ClusterNode, 'runtime' | 'startedBy' | 'release'> {
  if (text === undefined) return USUAL_NODE;
  const { name, release } = runtimeNamed(text);
  const startedBy = STARTERS.find((known) => known === name);
  if (startedBy) return { runtime: 'containerd', startedBy };
  const runtime = NODE_RUNTIMES.find((known) => known === name);
  if (!runtime)
    throw new CliFailure(`--runtime: nodes have ${NODE_RUNTIMES.join(', ')}, runc or crun, not ${name}`);
  return {
    runtime,
    startedBy: usualStarter(runtime),
    ...(release && { release: release satisfies Release }),
  };
}

function usualStarter(runtime: NodeRuntime): StartedBy {
  return runtime === 'podman' || runtime === 'crio' ? 'crun' : 'runc';
}

function minorOf(text: string): number {
  const minor = /^v?1\.(\d{1,3})(?:\.\d+)?(?:$|[-+])/.exec(text)?.[1];
  if (minor !== undefined) return Number(minor);
  throw new CliFailure(`"${printable(text)}" is no release of Kubernetes; write it as 1.31`);
}

/** The version of the Pod Security Standards that is meant. */
export function podSecurityVersion({ podSecurity }: NodeFlags): StandardsVersion {
  const version = standardsVersion(podSecurity) ?? standardsVersion(`v${podSecurity}`);
  if (version !== undefined) return version;
  throw new CliFailure(`--pod-security: "${printable(podSecurity)}" is no version; write latest or v1.25`);
}
