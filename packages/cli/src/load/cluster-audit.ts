import { plural } from '@callgate/engine/internal/report/words';
import { ClusterFault, clusterObjects, connectCluster, kubeletSettings } from '@callgate/operator';
import { type Audit, type AuditOptions, Auditor, type ClusterNode } from '@callgate/workload';
import { missingOnNodes } from '@callgate/workload/internal/audit/node-files';
import type { LiveObject } from '@callgate/workload/internal/kubernetes/live-json';
import { type LiveNode, liveNode } from '@callgate/workload/internal/kubernetes/live-node';
import { LiveObjects } from '@callgate/workload/internal/kubernetes/live-objects';
import { SpreadProfiles } from '@callgate/workload/internal/kubernetes/spread-profiles';
import { CliFailure, type Context } from '../context.ts';

/** Which cluster is audited, and what of it. */
export interface ClusterFlags {
  readonly context?: string;
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly nodes?: boolean;
}

/** A node of the cluster, and what is known of its kubelet. */
export interface AuditedNode extends LiveNode {
  readonly seccompDefault?: boolean;
}

/** What was found of a cluster. */
export interface ClusterAudit {
  readonly audit: Audit;
  readonly nodes: readonly AuditedNode[];
}

/** By what is judged: given what the nodes say, unless flags say otherwise. */
export type OptionsFor = (nodes: readonly AuditedNode[]) => Promise<AuditOptions>;

/** Audits a live cluster, of which it only reads. What this user may not see is told on stderr. */
export async function auditCluster(
  context: Context,
  flags: ClusterFlags,
  optionsFor: OptionsFor,
): Promise<ClusterAudit> {
  const stop = new AbortController();
  const unlisten = context.onSignal('SIGINT', () => stop.abort());
  try {
    const around = { env: context.env, cwd: context.cwd };
    const client = await connectCluster(around, { context: flags.context, signal: stop.signal });
    try {
      return await new ClusterReader(context, flags, optionsFor, client).read();
    } finally {
      client.close();
    }
  } catch (fault) {
    throw fault instanceof ClusterFault ? new CliFailure(fault.message) : fault;
  } finally {
    unlisten();
  }
}

type Client = Awaited<ReturnType<typeof connectCluster>>;

class ClusterReader {
  private readonly context: Context;
  private readonly flags: ClusterFlags;
  private readonly optionsFor: OptionsFor;
  private readonly client: Client;
  private readonly live = new LiveObjects();
  private readonly spread = new SpreadProfiles();
  private readonly nodes: AuditedNode[] = [];
  private auditor: Auditor | undefined;
  /** What comes before it is known what the nodes are. */
  private readonly early: [path: string, object: LiveObject][] = [];

  constructor(context: Context, flags: ClusterFlags, optionsFor: OptionsFor, client: Client) {
    this.context = context;
    this.flags = flags;
    this.optionsFor = optionsFor;
    this.client = client;
  }

  async read(): Promise<ClusterAudit> {
    for await (const { path, object } of clusterObjects(this.client, this.view()))
      await this.take(path, object);
    const audit = (await this.ready()).end();
    if (this.live.left > 0) this.say(`${plural(this.live.left, 'pod')} more like those that are told`);
    return { audit: this.flags.nodes ? this.withNodes(audit) : audit, nodes: this.nodes };
  }

  private view() {
    const { namespace, allNamespaces } = this.flags;
    const onUnseen = (fault: ClusterFault) => this.say(`not seen: ${fault.message}`);
    return {
      onUnseen,
      ...(allNamespaces
        ? { namespaces: 'all' as const }
        : namespace === undefined
          ? {}
          : { namespaces: namespace.split(',') }),
    };
  }

  private async take(path: string, object: LiveObject): Promise<void> {
    this.spread.learn(object);
    const node = liveNode(object);
    if (node) this.nodes.push(await this.known(node));
    else if (!this.auditor && !isWorkload(path)) this.early.push([path, object]);
    else this.audit(await this.ready(), path, object);
  }

  private audit(auditor: Auditor, path: string, object: LiveObject): void {
    if (this.live.takes(object)) auditor.add(path, { text: JSON.stringify(object), line: 0 });
  }

  /** The auditor, which can be made once the nodes were read. */
  private async ready(): Promise<Auditor> {
    if (this.auditor) return this.auditor;
    const auditor = new Auditor(await this.optionsFor(this.nodes));
    this.auditor = auditor;
    for (const [path, object] of this.early) this.audit(auditor, path, object);
    return auditor;
  }

  private async known(node: LiveNode): Promise<AuditedNode> {
    if (!this.flags.nodes) return node;
    try {
      const { seccompDefault } = await kubeletSettings(this.client, node.name);
      return { ...node, seccompDefault };
    } catch (fault) {
      if (!(fault instanceof ClusterFault)) throw fault;
      this.say(`not seen: ${fault.message}`);
      return node;
    }
  }

  /** The nodes on which the operator has not put the file of a profile that a container names. */
  private withNodes(audit: Audit): Audit {
    const missingOn = (profile: string) =>
      this.spread.missing(profile)?.map(([node, state]) => `${node} (${state})`);
    return { ...audit, findings: [...audit.findings, ...missingOnNodes(audit.containers, missingOn)] };
  }

  private say(text: string): void {
    this.context.stderr.write(`callgate: ${text}\n`);
  }
}

function isWorkload(path: string): boolean {
  return /\/(?:deployments|statefulsets|daemonsets|replicasets|cronjobs|jobs|pods)\//.test(path);
}

/** What most nodes have, as far as they say it: a profile means what it means there. */
export function nodeOfMost(nodes: readonly AuditedNode[], otherwise: ClusterNode): ClusterNode {
  const known = nodes.filter(({ runtime }) => runtime !== undefined);
  const counts = new Map<string, AuditedNode[]>();
  for (const node of known) counts.set(node.said, [...(counts.get(node.said) ?? []), node]);
  const [most] = [...counts.values()].sort((a, b) => b.length - a.length);
  if (!most) return otherwise;
  const [{ runtime = otherwise.runtime, release, kubernetes }] = most;
  return {
    runtime,
    startedBy: runtime === 'crio' ? 'crun' : 'runc',
    ...(release && { release }),
    ...(kubernetes !== undefined && { kubernetes }),
    seccompDefault: nodes.length > 0 && nodes.every(({ seccompDefault }) => seccompDefault === true),
  };
}
