import type { ExposedCall, Exposure } from './exposure.ts';
import { FINDING_SEVERITIES, type Finding, type FindingSeverity } from './finding.ts';

/** A line of a grade: what it is for, and what it counts. */
export interface GradePart {
  readonly kind: 'call' | 'namespaces' | 'findings';
  /** The call, or the severity. */
  readonly name: string;
  readonly points: number;
  readonly call?: ExposedCall;
  /** How many findings. */
  readonly count?: number;
}

/** How much a profile leaves open, in a letter, and everything of which it is the sum. */
export interface Grade {
  readonly letter: string;
  readonly points: number;
  readonly parts: readonly GradePart[];
}

/** What a call counts, by who gets through. */
export const POINTS_OF_REACH: Readonly<Record<ExposedCall['reach'], number>> = {
  anyone: 10,
  'own-namespace': 5,
  capability: 1,
};
/** What it counts that everybody may make a user namespace. */
export const POINTS_OF_NAMESPACES = 20;
/** What a finding counts. */
export const POINTS_OF_FINDING: Readonly<Record<FindingSeverity, number>> = {
  critical: 40,
  high: 20,
  medium: 5,
  low: 1,
  info: 0,
};
/** Below how many points each letter is; F from the last on. */
export const LETTERS: readonly (readonly [letter: string, below: number])[] = [
  ['A', 20],
  ['B', 80],
  ['C', 160],
  ['D', 260],
];

/** The sum of what is exposed and what was found. */
export function gradeOf({ calls, hasUserNamespaces }: Exposure, findings: readonly Finding[]): Grade {
  const parts: GradePart[] = [
    ...calls.map((call) => ({
      kind: 'call' as const,
      name: call.name,
      points: POINTS_OF_REACH[call.reach],
      call,
    })),
    ...(hasUserNamespaces
      ? [{ kind: 'namespaces' as const, name: 'user namespaces', points: POINTS_OF_NAMESPACES }]
      : []),
    ...FINDING_SEVERITIES.flatMap((severity) => findingPart(severity, findings)),
  ];
  const points = parts.reduce((sum, part) => sum + part.points, 0);
  return { letter: LETTERS.find(([, below]) => points < below)?.[0] ?? 'F', points, parts };
}

function findingPart(severity: FindingSeverity, findings: readonly Finding[]): GradePart[] {
  const count = findings.filter((finding) => finding.severity === severity).length;
  const points = count * POINTS_OF_FINDING[severity];
  return points > 0 ? [{ kind: 'findings', name: severity, points, count }] : [];
}
