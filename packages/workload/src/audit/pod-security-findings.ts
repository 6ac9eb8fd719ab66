import type { Found } from '../findings/finding-maker.ts';
import type { Demand, Namespace } from '../kubernetes/namespaces.ts';
import type { Pod } from '../kubernetes/pod.ts';
import { seccompControl } from '../kubernetes/pod-security.ts';
import type { Level, StandardsVersion } from '../kubernetes/standards.ts';
import { workloadName } from './judged-pod.ts';

/** What the levels of Pod Security say of a pod at a version, so that the pod itself need not be kept. */
export type ControlWords = (level: Level, version: StandardsVersion) => string | undefined;

/** The versions at which the control says another thing, each with the first minor release for which it holds. */
const ERAS: readonly { readonly from: number; readonly version: StandardsVersion }[] = [
  { from: 0, version: 18 },
  { from: 19, version: 24 },
  { from: 25, version: 'latest' },
];

/** Asks the control about a pod once and for all. */
export function controlWords(pod: Pod): ControlWords {
  return wordsByEra(ERAS.map(({ version }) => byLevel(pod, version)));
}

type ByLevel = Readonly<Record<Level, string | undefined>>;

function byLevel(pod: Pod, version: StandardsVersion): ByLevel {
  const words = (level: Level) => seccompControl(pod, level, version).violation;
  return { privileged: undefined, baseline: words('baseline'), restricted: words('restricted') };
}

/** What it returns holds on to the words alone, and not to the document of the pod. */
function wordsByEra(words: readonly ByLevel[]): ControlWords {
  return (level, version) => {
    const minor = version === 'latest' ? Number.POSITIVE_INFINITY : version;
    return words[ERAS.findLastIndex(({ from }) => from <= minor)][level];
  };
}

/** A pod whose namespace may come later in the stream. */
export interface WaitingPod {
  readonly workload: string;
  readonly namespace: string;
  readonly isPod: boolean;
  readonly isBuiltIn: boolean;
  readonly isStatic: boolean;
  readonly control: ControlWords;
}

/** What the namespace makes of a pod, and without demands what the levels would. */
export function podSecurityFindings(
  pod: WaitingPod,
  namespace: Namespace | undefined,
  usual: StandardsVersion,
): Omit<Found, 'span'>[] {
  const { enforce, warn = enforce } = namespace?.demands ?? {};
  const enforced = enforce && pod.control(enforce.level, enforce.version);
  if (enforce && enforced)
    return [
      finding(
        pod.isStatic ? 'high' : 'critical',
        `${pod.workload}: ${enforcedWords(pod, enforce, enforced)}`,
      ),
    ];
  const warned = warn && pod.control(warn.level, warn.version);
  if (warn && warned)
    return [
      finding(
        'low',
        `${pod.workload}: Warning: would violate ${standard(warn)}: ${warned}; it runs all the same`,
      ),
    ];
  if (namespace?.demands.enforce) return [];
  return wouldBe(pod, usual);
}

/** Of two levels that say the same the looser one is told. */
function wouldBe(pod: WaitingPod, version: StandardsVersion): Omit<Found, 'span'>[] {
  const level = (['baseline', 'restricted'] as const).find((one) => pod.control(one, version) !== undefined);
  if (!level) return [];
  const both = level === 'baseline' ? 'baseline and restricted' : 'restricted';
  return [
    finding(
      'info',
      `${pod.workload}: Pod Security at ${both}:${versionText(version)} refuses it: ${pod.control(level, version)}`,
    ),
  ];
}

function enforcedWords(
  { isPod, isBuiltIn, isStatic }: WaitingPod,
  demand: Demand,
  violation: string,
): string {
  if (isStatic)
    return `it runs, and Pod Security refuses only its mirror, so that the API shows nothing of it: violates ${standard(demand)}: ${violation}`;
  if (isPod) return `the namespace forbids it: violates ${standard(demand)}: ${violation}`;
  return isBuiltIn
    ? `it is made, with a warning, and no pod of it: Warning: would violate ${standard(demand)}: ${violation}`
    : `it is made without a word, and its pods are refused: violates ${standard(demand)}: ${violation}`;
}

function standard({ level, version }: Demand): string {
  return `PodSecurity "${level}:${versionText(version)}"`;
}

function versionText(version: StandardsVersion): string {
  return version === 'latest' ? 'latest' : `v1.${version}`;
}

function finding(severity: Found['severity'], message: string): Omit<Found, 'span'> {
  return { code: 'pod-security', severity, message };
}

/** A pod that names Unconfined although all of its containers name something else. */
export function podUnconfined(pod: Pod): Found[] {
  const { profile, containers } = pod;
  const inherits = containers.some(
    (container) => container.profile?.type === undefined && !container.privileged,
  );
  if (profile?.type !== 'Unconfined' || inherits) return [];
  const violation = seccompControl(pod, 'baseline').violation ?? '';
  return [
    {
      code: 'pod-unconfined',
      severity: 'medium',
      message: `${workloadName(pod)}: the pod says Unconfined, though every container names a profile: what is injected or added for debugging would run without one, and Pod Security refuses it at baseline: ${violation}`,
      span: profile.span,
      fix: 'name the profile of the containers for the pod, too',
    },
  ];
}
