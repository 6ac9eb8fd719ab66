import type { LintReport } from './finding-format.ts';
import { type Issue, issuesOf, visible } from './issue.ts';

/** What there is to say of each profile, by its name; of those in which nothing was found an empty list. */
export function byProfile(report: LintReport): Map<string, Issue[]> {
  const profiles = new Map<string, Issue[]>(report.profiles.map((profile) => [visible(profile), []]));
  for (const issue of issuesOf(report)) {
    const issues = profiles.get(issue.profile);
    if (issues) issues.push(issue);
    else profiles.set(issue.profile, [issue]);
  }
  return profiles;
}
