import { parseRelease, type Release } from '@callgate/engine/internal/runtime/target';
import { NODE_RUNTIMES, type NodeRuntime } from './cluster-node.ts';
import { type LiveObject, part, text } from './live-json.ts';

/** What a node of a cluster says of itself. */
export interface LiveNode {
  readonly name: string;
  /** Undefined where it is none that is known. */
  readonly runtime?: NodeRuntime;
  readonly release?: Release;
  /** As it says it, such as containerd://1.7.24. */
  readonly said: string;
  /** The minor release of its kubelet. */
  readonly kubernetes?: number;
  /** Such as amd64. */
  readonly architecture: string;
}

/** Reads a Node; undefined for other objects. */
export function liveNode(object: LiveObject): LiveNode | undefined {
  if (object.kind !== 'Node') return undefined;
  const info = part(object, 'status', 'nodeInfo') ?? {};
  const said = text(info.containerRuntimeVersion);
  const [scheme, version = ''] = said.split('://');
  const known = scheme === 'cri-o' ? 'crio' : scheme;
  const runtime = NODE_RUNTIMES.find((one) => one === known);
  const release = parseRelease(version);
  const minor = /^v1\.(\d{1,3})/.exec(text(info.kubeletVersion))?.[1];
  return {
    name: text(part(object, 'metadata')?.name),
    ...(runtime && { runtime }),
    ...(release && { release }),
    said,
    ...(minor !== undefined && { kubernetes: Number(minor) }),
    architecture: text(info.architecture),
  };
}
