import { ABI_NAMES, abiOf } from '@callgate/engine/internal/syscalls/arch';
import type { AuditOptions } from '@callgate/workload';
import type { Context } from '../context.ts';
import { runtimeDefaultOf } from '../flags/container-flags.ts';
import { type NodeFlags, nodeOf, podSecurityVersion } from '../flags/node-flags.ts';
import { targetOf } from '../flags/target-flags.ts';
import { type AuditedNode, nodeOfMost } from './cluster-audit.ts';
import { entryBeside, profilesFolder } from './profiles-folder.ts';

/** What an audit may look into. */
export interface AuditFlags {
  readonly profiles?: string;
}

/** By what workloads are judged: what the flags say, on this kind of machine. */
export async function auditOptionsOf(
  context: Context,
  flags: NodeFlags & AuditFlags,
  nodes: readonly AuditedNode[] = [],
): Promise<AuditOptions> {
  const asked = await nodeOf(context, flags);
  const seen = nodeOfMost(nodes, asked);
  const node = {
    ...(flags.runtime === undefined ? seen : asked),
    kubernetes: asked.kubernetes ?? seen.kubernetes,
    seccompDefault: asked.seccompDefault || seen.seccompDefault,
  };
  return {
    node,
    target: targetOf(nodes.length > 0 ? { arch: abiOfNodes(nodes) } : {}),
    defaults: {
      docker: await runtimeDefaultOf('docker'),
      podman: await runtimeDefaultOf('podman'),
      [node.runtime]: await runtimeDefaultOf(node.runtime, node.release?.join('.')),
    },
    podSecurity: podSecurityVersion(flags),
    beside: (file, path) => entryBeside(context, file, path),
    ...(flags.profiles !== undefined && { profiles: profilesFolder(context, flags.profiles) }),
  };
}

/** The ABI of the first node whose kind is known. */
function abiOfNodes(nodes: readonly AuditedNode[]): string | undefined {
  const known = nodes.map(({ architecture }) => ABI_NAMES.find((name) => abiOf(name).go === architecture));
  return known.find((name) => name !== undefined);
}
