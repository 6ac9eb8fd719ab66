import type { Difference } from '../analysis/diff.ts';
import { formatAction } from './action.ts';
import type { LocatedFinding } from './findings.ts';
import type { Style } from './style.ts';

/** A finding that was mended; `changes` are what the kernel decides otherwise now, each with all its calls. */
export type FixedFinding = LocatedFinding & { readonly changes: readonly string[] };

/** What was mended, in a line, and in lines below it what the kernel decides otherwise now. */
export function fixText(
  style: Style,
  { file, line, column, message, code }: LocatedFinding,
  differences: readonly Difference[],
): string {
  const head = `${file}:${line}:${column}: ${style.green('fixed')}: ${message} ${style.dim(`[${code}]`)}\n`;
  return (
    head +
    changes(differences)
      .map((change) => `    ${change}\n`)
      .join('')
  );
}

/** A finding that was mended, and what that did, as it goes into JSON. */
export function fixDocument(finding: LocatedFinding, differences: readonly Difference[]): FixedFinding {
  return { ...finding, changes: changes(differences) };
}

/** Each change of an answer with the calls that it is of: "EPERM → ALLOW: openat, read". */
function changes(differences: readonly Difference[]): string[] {
  const calls = new Map<string, Set<string>>();
  for (const { before, after, name, nr } of differences) {
    const change = `${formatAction(before.kind, before.data)} → ${formatAction(after.kind, after.data)}`;
    calls.set(change, (calls.get(change) ?? new Set()).add(name ?? `number ${nr}`));
  }
  return [...calls].map(([change, names]) => `${change}: ${[...names].join(', ')}`);
}
