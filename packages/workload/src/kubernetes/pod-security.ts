import { CONTAINER_ANNOTATION, POD_ANNOTATION, seccompAnnotations } from './annotations.ts';
import type { Pod, PodContainer } from './pod.ts';
import type { Level, StandardsVersion } from './standards.ts';

/** The first minor release whose seccomp control reads the field and not the annotations. */
const FIRST_WITH_FIELD = 19;
/** The first whose level restricted leaves out pods of Windows. */
const FIRST_WITH_WINDOWS = 25;

/** What the seccomp control says of a pod. Source: Kubernetes' pod-security-admission, policy/check_seccompProfile_*.go. */
export interface ControlResult {
  /** Undefined where the pod passes; else upstream's reason and detail, as they are in a refusal. */
  readonly violation?: string;
  /** Whether one container of it passes as far as it is concerned itself. */
  passes(container: PodContainer): boolean;
}

/** What the seccomp control of a level says of a pod; other controls are not looked at. */
export function seccompControl(pod: Pod, level: Level, version: StandardsVersion = 'latest'): ControlResult {
  if (level === 'privileged') return PASSES;
  const release = version === 'latest' ? Number.POSITIVE_INFINITY : version;
  if (release < FIRST_WITH_FIELD) return byAnnotations(pod);
  if (level === 'baseline') return baseline(pod);
  return pod.isWindows && release >= FIRST_WITH_WINDOWS ? PASSES : restricted(pod);
}

const PASSES: ControlResult = { passes: () => true };

function byAnnotations(pod: Pod): ControlResult {
  const bad = seccompAnnotations(pod).filter(
    ({ type, value }) => type === 'Unconfined' || (type === undefined && !value.startsWith('localhost/')),
  );
  // Only those of containers that there are count.
  const names = pod.containers.map(({ site }) => site.name);
  const counted = bad.filter(({ container }) => container === undefined || names.includes(container));
  if (counted.length === 0) return PASSES;
  const forbidden = counted.map(({ key, value }) => `${key}=${JSON.stringify(value)}`).sort();
  const word = forbidden.length === 1 ? 'annotation' : 'annotations';
  return {
    violation: `seccompProfile (forbidden ${word} ${forbidden.join(', ')})`,
    passes: ({ site }) =>
      !counted.some(({ key }) => key === POD_ANNOTATION || key === CONTAINER_ANNOTATION + site.name),
  };
}

function baseline(pod: Pod): ControlResult {
  const bad = badSetters(pod);
  return {
    ...(bad.setters.length > 0 && { violation: mustNot(bad) }),
    passes: ({ profile }) => !bad.isPodBad && !isBad(profile?.written),
  };
}

function restricted(pod: Pod): ControlResult {
  const bad = badSetters(pod);
  const isPodSet = pod.profile?.written !== undefined && !bad.isPodBad;
  const isUnset = ({ profile }: PodContainer) => profile?.written === undefined && !isPodSet;
  const unset = pod.containers.filter(isUnset);
  const violation =
    bad.setters.length > 0
      ? mustNot(bad)
      : unset.length > 0
        ? `seccompProfile (pod or ${containers(unset)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`
        : undefined;
  return {
    ...(violation !== undefined && { violation }),
    passes: (container) => !bad.isPodBad && !isBad(container.profile?.written) && !isUnset(container),
  };
}

interface BadSetters {
  readonly isPodBad: boolean;
  readonly setters: readonly string[];
  readonly values: readonly string[];
}

function badSetters(pod: Pod): BadSetters {
  const isPodBad = isBad(pod.profile?.written);
  const bad = pod.containers.filter(({ profile }) => isBad(profile?.written));
  const values = [pod.profile, ...bad.map(({ profile }) => profile)].flatMap((profile) =>
    isBad(profile?.written) ? [profile!.written!] : [],
  );
  return {
    isPodBad,
    setters: [...(isPodBad ? ['pod'] : []), ...(bad.length > 0 ? [containers(bad)] : [])],
    values: [...new Set(values)].sort(),
  };
}

function mustNot({ setters, values }: BadSetters): string {
  const all = values.map((value) => JSON.stringify(value)).join(', ');
  return `seccompProfile (${setters.join(' and ')} must not set securityContext.seccompProfile.type to ${all})`;
}

/** What is set, and neither the default nor a file; that a file lets everything pass does not matter. */
function isBad(type: string | undefined): boolean {
  return type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
}

function containers(list: readonly PodContainer[]): string {
  const names = list.map(({ site }) => JSON.stringify(site.name)).join(', ');
  return `${list.length === 1 ? 'container' : 'containers'} ${names}`;
}
