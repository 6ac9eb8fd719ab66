import type { LocatedFinding } from '@callgate/engine/internal/report/findings';
import { valueAt } from '../documents/lookup.ts';
import type { Found } from '../findings/finding-maker.ts';
import { annotationFaults } from '../kubernetes/annotations.ts';
import { deciderOn } from '../kubernetes/cluster-node.ts';
import { type Pod, readPod } from '../kubernetes/pod.ts';
import { type ControlResult, seccompControl } from '../kubernetes/pod-security.ts';
import type { PodSite } from '../kubernetes/pod-site.ts';
import { askedProfile } from '../kubernetes/security-constraints.ts';
import { unknownFields } from '../kubernetes/unknown-fields.ts';
import type { AuditedContainer, AuditOptions } from './audit.ts';
import { capabilityFindings } from './capability-findings.ts';
import type { ConstrainedPod } from './constraint-findings.ts';
import type { DefaultFilters } from './default-filters.ts';
import { faultFindings } from './fault-findings.ts';
import { type JudgedContainer, type JudgedPod, judgePod, workloadName } from './judged-pod.ts';
import type { LocalhostAudit } from './localhost-audit.ts';
import { controlWords, podUnconfined, type WaitingPod } from './pod-security-findings.ts';
import { podStory } from './pod-story.ts';
import { unfiltered } from './unfiltered.ts';

/** What was found of a pod. */
export interface AuditedPod {
  readonly found: readonly Found[];
  /** In the files of its profiles. */
  readonly inFiles: readonly LocatedFinding[];
  /** Each with where it is in the document. */
  readonly containers: readonly (Omit<AuditedContainer, 'file' | 'line'> & { readonly at: number })[];
  readonly waiting: WaitingPod & ConstrainedPod;
  /** Where the pod is in the document. */
  readonly at: number;
}

/** Audits the pod at a site. */
export function auditPod(
  site: PodSite,
  options: AuditOptions,
  localhost: LocalhostAudit,
  defaults: DefaultFilters,
  handlers: ReadonlyMap<string, string>,
  isStatic: boolean,
): AuditedPod {
  const { node } = options;
  const read = readPod(site);
  const pod = { ...read, faults: [...read.faults, ...annotationsOn(read, options)] };
  const closed = judgePod(pod, node, handlers);
  const opened = closed.containers.map((container) => localhost.open(closed, container));
  const judged = { ...closed, containers: opened.map(({ container }) => container) };
  const dropped = unknownFields(site);
  const controls: Controls = {
    baseline: seccompControl(pod, 'baseline', options.podSecurity),
    restricted: seccompControl(pod, 'restricted', options.podSecurity),
  };
  return {
    found: [
      ...faultFindings(judged, [...dropped, ...pod.faults], isStatic),
      ...opened.flatMap(({ found }) => found),
      ...unfiltered(judged),
      ...capabilityFindings(judged, options.defaults[node.runtime]),
      ...podUnconfined(pod),
      ...ephemerals(judged, isStatic),
      ...(isStatic ? [staticPod(judged)] : []),
      ...unread(judged),
    ],
    inFiles: opened.flatMap(({ inFile }) => inFile),
    containers: judged.containers.map((container) => audited(judged, container, controls, options, defaults)),
    waiting: waitingPod(pod, isStatic),
    at: site.object.span.start,
  };
}

/** Where nothing reads the annotations any more, they are faults; Podman and old releases read them. */
function annotationsOn(pod: Pod, { node }: AuditOptions): Pod['faults'] {
  return deciderOn(node) === 'field' ? annotationFaults(pod) : [];
}

/** What the levels of Pod Security say of a pod, asked once for all of its containers. */
type Controls = Readonly<Record<'baseline' | 'restricted', ControlResult>>;

function audited(
  judged: JudgedPod,
  one: JudgedContainer,
  controls: Controls,
  options: AuditOptions,
  defaults: DefaultFilters,
): Omit<AuditedContainer, 'file' | 'line'> & { at: number } {
  const { pod, node } = judged;
  const { container, effective, capabilities, noNewPrivs, startedBy } = one;
  const { namespace } = pod.site.object;
  const byDefault =
    effective.type === 'RuntimeDefault' && defaults.judged(node.runtime, capabilities.bounding);
  const filter = one.filter ?? (byDefault || undefined);
  return {
    workload: workloadName(pod),
    ...(namespace !== undefined && { namespace }),
    container: container.site.name,
    role: container.site.role,
    effective,
    baseline: controls.baseline.passes(container),
    restricted: controls.restricted.passes(container),
    privileged: container.privileged,
    noNewPrivs,
    capabilities: capabilities.bounding,
    startedBy,
    runtime: node.runtime,
    ...(filter && { filter }),
    ...(options.tellsStoryOf?.(container.site.name) && { story: podStory(judged, one, options) }),
    at: container.span.start,
  };
}

function waitingPod(pod: Pod, isStatic: boolean): AuditedPod['waiting'] {
  const { object, isPod, isBuiltIn } = pod.site;
  const asked = askedProfile(pod);
  return {
    workload: workloadName(pod),
    namespace: object.namespace ?? 'default',
    isPod,
    isBuiltIn,
    isStatic,
    control: controlWords(pod),
    ...(asked !== undefined && { asked }),
  };
}

/** Nobody but the kubelet sees what is in a folder of static pods. */
function staticPod({ pod }: JudgedPod): Found {
  return {
    code: 'static-pod',
    severity: 'info',
    message: `${workloadName(pod)}: the kubelet runs it from a file: Pod Security sees its mirror alone, and what the kubelet drops or refuses only its log tells`,
    span: pod.site.object.span,
  };
}

/** Whoever writes them into a manifest has not got it from a cluster. */
function ephemerals({ pod, containers }: JudgedPod, isStatic: boolean): Found[] {
  const { object, isPod } = pod.site;
  const first = containers.find(({ container: { site } }) => site.role === 'ephemeral');
  const isFromServer = valueAt(object.tree, 'metadata', 'uid') || valueAt(object.tree, 'status');
  if (!first || isFromServer) return [];
  const said = isPod
    ? 'spec.ephemeralContainers: Forbidden: cannot be set on create'
    : 'ephemeral containers are not allowed in a template';
  return [
    {
      code: 'ephemeral-in-manifest',
      severity: isStatic ? 'medium' : 'info',
      message: `${workloadName(pod)}: has ephemeral containers, as a running pod has that is debugged; to make it so is refused: ${said}`,
      span: first.container.span,
    },
  ];
}

/** What this audit does not say, or others read otherwise. */
function unread({ pod, node }: JudgedPod): Found[] {
  const { site } = pod;
  const found: Found[] = [];
  if (
    node.runtime === 'podman' &&
    deciderOn(node) === 'annotation' &&
    [pod.profile, ...pod.containers.map((c) => c.profile)].some(Boolean)
  )
    found.push({
      code: 'runtime-reads-annotations',
      severity: 'high',
      message: `${workloadName(pod)}: this release of podman reads the annotations alone (container.seccomp.security.alpha.kubernetes.io/NAME), and no seccompProfile`,
      span: site.object.span,
      fix: 'set the annotations beside the fields for it',
    });
  if (!site.isBuiltIn && site.containers.every(({ tree }) => valueAt(tree, 'image') === undefined))
    found.push({
      code: 'operator-decides',
      severity: 'info',
      message: `${workloadName(pod)}: what other containers its operator makes, and what it sets for them, is not in the document`,
      span: site.object.span,
    });
  return found;
}
