import { quote } from '@callgate/engine/internal/source/tree';
import { seccompAnnotations } from '../kubernetes/annotations.ts';
import { capabilityWords } from '../kubernetes/capability-set.ts';
import { deciderOn } from '../kubernetes/cluster-node.ts';
import { seccompControl } from '../kubernetes/pod-security.ts';
import type { SeccompField } from '../kubernetes/seccomp-field.ts';
import type { AuditOptions, StoryLine } from './audit.ts';
import type { JudgedContainer, JudgedPod } from './judged-pod.ts';

/** How a container of a pod comes to its filter, from its field to the kernel. */
export function podStory(
  { pod, node }: JudgedPod,
  judged: JudgedContainer,
  options: AuditOptions,
): StoryLine[] {
  const { container, effective, noNewPrivs, startedBy, capabilities } = judged;
  const { runtime } = node;
  const refused = pod.faults.find(({ fate }) => fate === 'refused');
  const annotations = seccompAnnotations(pod);
  const kubelet = runtime === 'podman' ? 'podman' : 'the kubelet';
  return [
    { who: 'the container', says: fieldWords(container.profile, 'names no profile') },
    { who: 'the pod', says: fieldWords(pod.profile, 'names no profile') },
    ...annotations.map(({ key, value }) => ({
      who: 'an annotation',
      says: `${key}: ${quote(value)}${deciderOn(node) === 'field' ? ', which nothing reads since 1.27' : ''}`,
    })),
    ...(container.privileged
      ? [{ who: 'privileged', says: 'yes: no filter is loaded, whatever is named' }]
      : []),
    { who: 'the API server', says: refused ? `refuses it: ${refused.said}` : 'takes it' },
    { who: 'Pod Security', says: standardsWords(pod, options) },
    ...(refused ? [] : [{ who: kubelet, says: kubeletWords(judged, options) }]),
    ...(effective.type === 'NeverRuns' || effective.type === 'Unconfined'
      ? []
      : [
          {
            who: 'capabilities',
            says: capabilityWords(runtime, capabilities.bounding) || `those that ${runtime} gives by itself`,
          },
          {
            who: startedBy === 'sandbox' ? 'the runtime class' : startedBy,
            says: noNewPrivs
              ? 'loads the filter last, with no_new_privs (allowPrivilegeEscalation: false)'
              : 'loads the filter before it gives up its rights: allowPrivilegeEscalation is not false',
          },
        ]),
  ];
}

function standardsWords(pod: JudgedPod['pod'], { podSecurity }: AuditOptions): string {
  const [baseline, restricted] = (['baseline', 'restricted'] as const).map(
    (level) => seccompControl(pod, level, podSecurity).violation,
  );
  if (baseline === undefined && restricted === undefined) return 'baseline and restricted pass';
  return baseline === undefined
    ? `baseline passes; restricted: ${restricted}`
    : `baseline and restricted: ${baseline}`;
}

function fieldWords(field: SeccompField | undefined, unset: string): string {
  if (!field) return unset;
  const file = field.localhostProfile === undefined ? '' : ` ${quote(field.localhostProfile)}`;
  return `${field.path}: ${field.written ?? 'without a type'}${file}`;
}

function kubeletWords({ effective, startedBy }: JudgedContainer, { node, profiles }: AuditOptions): string {
  switch (effective.from) {
    case 'kubelet':
      return node.seccompDefault
        ? 'has seccompDefault, and asks for RuntimeDefault'
        : 'has no seccompDefault, and asks for Unconfined by name';
    case 'privileged':
      return 'asks for a privileged container';
    default: {
      const field = effective.profile;
      if (effective.type === 'RuntimeDefault' || field === undefined)
        return `asks ${node.runtime} for ${effective.type}`;
      const looked = profiles ? `${profiles.name.replace(/\/+$/, '')}/` : 'ROOT/seccomp/';
      const opened = profiles || startedBy === 'sandbox' ? '' : ' (nobody has looked: give the folder)';
      const fate = effective.type === 'Localhost' ? 'it loads' : effective.because;
      return `gives ${node.runtime} ${looked}${field}${opened === '' ? `: ${fate}` : opened}`;
    }
  }
}
