import type { Finding } from '../lint/finding.ts';
import { worstFirst } from '../lint/judge.ts';
import { nameOf } from '../syscalls/lookup.ts';
import type { Config, Suppression } from './config.ts';

/** A finding that somebody bears until a day. */
export interface Suppressed {
  readonly finding: Finding;
  readonly reason: string;
  /** The last day on which it is, such as 2027-03-31. */
  readonly until: string;
}

/** What a house makes of the findings of one profile. */
export interface Considered {
  /** The worst first. */
  readonly findings: readonly Finding[];
  readonly suppressed: readonly Suppressed[];
}

/**
 * Findings as a configuration weighs them. One whose suppression has ended is back, and says so.
 * @param isFor whether globs mean the profile's file.
 * @param today such as 2026-11-29.
 */
export function applyConfig(
  all: readonly Finding[],
  { severities = {}, suppressions = [] }: Config,
  isFor: (globs: readonly string[]) => boolean,
  today: string,
): Considered {
  const here = suppressions.filter(({ files }) => files === undefined || isFor(files));
  const findings: Finding[] = [];
  const suppressed: Suppressed[] = [];
  for (const finding of all) {
    const severity = Object.hasOwn(severities, finding.code) ? severities[finding.code] : finding.severity;
    if (severity === 'off') continue;
    const weighed = { ...finding, severity };
    const matching = here.filter((suppression) => means(suppression, finding));
    const holding = matching.find(({ until }) => until >= today);
    if (holding) suppressed.push({ finding: weighed, reason: holding.reason, until: holding.until });
    else findings.push(matching.length > 0 ? backAgain(weighed, matching[0]) : weighed);
  }
  return { findings: worstFirst(findings), suppressed };
}

function means({ code, call }: Suppression, finding: Finding): boolean {
  return code === finding.code && (call === undefined || names(finding, call));
}

/** Whether a finding is about a call and, where it is about several alike, about no other: the one that shows it, or one that it names. */
function names({ message, witness, calls }: Finding, call: string): boolean {
  if (calls) return calls.every((name) => name === call);
  if (witness && nameOf(witness.arch, witness.nr) === call) return true;
  return message.split(/\W+/).includes(call);
}

function backAgain(finding: Finding, { until, reason }: Suppression): Finding {
  return {
    ...finding,
    identity: finding.identity ?? finding.message,
    message: `${finding.message} (its suppression ended on ${until}: ${reason})`,
  };
}
