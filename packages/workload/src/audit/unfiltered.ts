import type { Found } from '../findings/finding-maker.ts';
import { containerWords, type JudgedContainer, type JudgedPod, workloadName } from './judged-pod.ts';

/**
 * Containers that run without a filter, those together for which the reason is the same; not those that name a file, of which
 * more is said elsewhere.
 */
export function unfiltered(judged: JudgedPod): Found[] {
  const { pod } = judged;
  if (pod.isWindows) return [];
  const without = judged.containers.filter(
    ({ effective }) => effective.type === 'Unconfined' && effective.profile === undefined,
  );
  const groups = new Map<string, JudgedContainer[]>();
  for (const one of without) {
    const key = one.effective.because.replace(/\(.*/, '');
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return [...groups.values()].map((group) => {
    const [{ container, effective }] = group;
    const isPrivileged = effective.from === 'privileged';
    return {
      code: isPrivileged ? ('privileged-unconfined' as const) : ('unconfined' as const),
      severity: isPrivileged ? ('medium' as const) : ('high' as const),
      message: `${workloadName(pod)}: ${containerWords(group)} ${group.length === 1 ? 'runs' : 'run'} without a seccomp filter: ${effective.because}`,
      span: effective.from === 'container' ? container.profile!.span : container.span,
      fix: isPrivileged
        ? 'give it the capabilities that it needs in place of privileged'
        : fixOf(judged, group),
    };
  });
}

function fixOf({ pod }: JudgedPod, [{ container, effective }]: readonly JudgedContainer[]): string {
  const { site } = pod;
  const value = 'seccompProfile: {type: RuntimeDefault}';
  if (effective.from === 'container' || effective.from === 'pod')
    return `name a profile in its place: ${value}`;
  if (container.site.name === '*') return `set ${value} where the operator of ${site.object.kind} takes it`;
  return `set ${site.path}.securityContext.${value} for the pod: init, injected and ephemeral containers inherit it`;
}
