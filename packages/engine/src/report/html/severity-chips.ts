import { FINDING_SEVERITIES, type FindingSeverity } from '../../lint/finding.ts';
import type { Issue } from '../finding-formats/issue.ts';

/** By what issues are grouped and coloured: faults, for which a profile could not be judged, then findings, the worst first. */
export const DEGREES = ['fault', ...FINDING_SEVERITIES] as const;
export type Degree = (typeof DEGREES)[number];

export function degreeOf({ kind, severity }: Issue): Degree {
  return kind === 'fault' ? 'fault' : (severity as FindingSeverity);
}

/** The issues of each degree that there is, the worst first. */
export function byDegree(issues: readonly Issue[]): [Degree, Issue[]][] {
  return DEGREES.map((degree): [Degree, Issue[]] => [
    degree,
    issues.filter((issue) => degreeOf(issue) === degree),
  ]).filter(([, mine]) => mine.length > 0);
}

/** How many there are of each degree. */
export function severityChips(issues: readonly Issue[]): string {
  if (issues.length === 0) return '<span class="chip good">nothing found</span>';
  return byDegree(issues)
    .map(([degree, { length }]) => `<span class="chip ${degree}">${chipWords(degree, length)}</span>`)
    .join('');
}

function chipWords(degree: Degree, count: number): string {
  return degree === 'fault' ? 'not judged' : `<b>${count}</b> ${degree}`;
}

export const SEVERITY_STYLE = `
:root { --fault: #8b2fa8; --critical: #b3202c; --high: #b8500c; --medium: #8a6400; --low: #35659c; --info: #667085 }
@media (prefers-color-scheme: dark) { :root { --fault: #d596ec; --critical: #ff8a86; --high: #f7a35c; --medium: #e3c04b; --low: #8db8ea; --info: #98a2b3 } }
.fault { --tone: var(--fault) } .critical { --tone: var(--critical) } .high { --tone: var(--high) } .medium { --tone: var(--medium) } .low { --tone: var(--low) } .info { --tone: var(--info) }
.chip { display: inline-block; margin: 0 .3rem .2rem 0; padding: .02rem .6rem; border-radius: 1rem; font-size: .85rem; font-weight: 400; white-space: nowrap; color: var(--tone); background: color-mix(in srgb, var(--tone) 12%, transparent) }
.chip.good { --tone: var(--new) }
`;
