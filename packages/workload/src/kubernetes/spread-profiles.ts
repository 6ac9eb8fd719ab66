import { type LiveObject, part, text } from './live-json.ts';

/** What the Security Profiles Operator has spread over the nodes of a cluster. */
export class SpreadProfiles {
  /** By profile, as namespace and name: its path below the kubelet's folder. */
  private readonly paths = new Map<string, string>();
  /** By profile: the nodes, and whether each has it. */
  private readonly nodes = new Map<string, Map<string, string>>();

  /** Learns what an object says; others are passed over. */
  learn(object: LiveObject): void {
    const metadata = part(object, 'metadata');
    const namespace = text(metadata?.namespace);
    if (object.kind === 'SeccompProfile') {
      const path = text(part(object, 'status')?.localhostProfile);
      if (path !== '') this.paths.set(path, `${namespace}/${text(metadata?.name)}`);
    }
    if (object.kind === 'SecurityProfileNodeStatus') {
      const id = text(part(metadata, 'labels')?.['spo.x-k8s.io/profile-id']).replace(/^SeccompProfile-/, '');
      const of = `${namespace}/${id}`;
      const known = this.nodes.get(of) ?? new Map<string, string>();
      known.set(text(object.nodeName), text(object.status));
      this.nodes.set(of, known);
    }
  }

  /** The nodes that do not have the file of a path, with what the operator says of each; undefined where it knows no such path. */
  missing(path: string): readonly (readonly [node: string, state: string])[] | undefined {
    const profile = this.paths.get(path);
    if (profile === undefined) return undefined;
    return [...(this.nodes.get(profile) ?? [])].filter(([, state]) => state !== 'Installed');
  }
}
