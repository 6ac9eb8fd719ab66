import type { AuditOptions } from '@callgate/workload';
import type { Context } from '../context.ts';
import { runtimeDefaultOf } from '../flags/container-flags.ts';
import { type NodeFlags, nodeOf, podSecurityVersion } from '../flags/node-flags.ts';
import { targetOf } from '../flags/target-flags.ts';
import { entryBeside, profilesFolder } from './profiles-folder.ts';

/** What an audit may look into. */
export interface AuditFlags {
  readonly profiles?: string;
}

/** By what workloads are judged: what the flags say, on this kind of machine. */
export async function auditOptionsOf(context: Context, flags: NodeFlags & AuditFlags): Promise<AuditOptions> {
  const node = await nodeOf(context, flags);
  return {
    node,
    target: targetOf({}),
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
