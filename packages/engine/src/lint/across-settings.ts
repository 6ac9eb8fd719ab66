import type { Finding } from './finding.ts';
import { worstFirst } from './judge.ts';

/** What was found under one setting of several, such as a runtime and a kernel. */
export interface FoundUnder {
  /** In a word or two; empty for what goes without saying. */
  readonly label: string;
  readonly findings: readonly Finding[];
}

/** Each finding once. One that is not there under all settings says under which it is, unless it is under that without a label. */
export function acrossSettings(all: readonly FoundUnder[]): Finding[] {
  if (all.length === 1) return [...all[0].findings];
  const found = new Map<string, { finding: Finding; labels: Set<string> }>();
  for (const { label, findings } of all)
    for (const finding of findings) {
      const key = `${finding.code} ${finding.place.start} ${finding.message}`;
      const known = found.get(key);
      if (known) known.labels.add(label);
      else found.set(key, { finding, labels: new Set([label]) });
    }
  return worstFirst(
    [...found.values()].map(({ finding, labels }) =>
      labels.size === all.length || labels.has('') ? finding : under(finding, labels),
    ),
  );
}

function under(finding: Finding, labels: ReadonlySet<string>): Finding {
  return { ...finding, message: `${[...labels].join(' and ')}: ${finding.message}` };
}
