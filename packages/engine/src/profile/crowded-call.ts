import type { Spanned } from '../diagnostics/span.ts';
import type { Rule } from './profile.ts';

/** In how many rules of an OCI artifact a call may be named: security-profiles-merger, MaxArtifactEntriesPerSyscall. */
export const MOST_ENTRIES_IN_ARTIFACT = 128;

/** The first name that stands in more rules than runtimes take of an OCI artifact (KEP-6061), where it is one too many. */
export function crowdedCall(rules: readonly Rule[]): Spanned<string> | undefined {
  const counts = new Map<string, number>();
  for (const { names } of rules)
    for (const name of names) {
      const count = (counts.get(name.value) ?? 0) + 1;
      if (count > MOST_ENTRIES_IN_ARTIFACT) return name;
      counts.set(name.value, count);
    }
  return undefined;
}
