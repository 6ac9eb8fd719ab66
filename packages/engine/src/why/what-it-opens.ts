import { allowedCalls } from '../analysis/allowed-calls.ts';
import { type Difference, diffPolicies } from '../analysis/diff.ts';
import { type CapabilityCheck, capabilityChecks } from '../lint/capability-checks.ts';
import type { Finding } from '../lint/finding.ts';
import { withoutKnown } from '../lint/gate.ts';
import { lintText } from '../lint/lint-text.ts';
import { SIBLINGS } from '../lint/siblings.ts';
import type { ProfileText } from '../policy/text-meaning.ts';
import { notable } from '../syscalls/notable.ts';
import type { DeniedCall } from './denied-call.ts';
import type { SmallestChange } from './smallest-change.ts';

/** What a change lets pass that did not pass before, and what that gives away. */
export interface Opening {
  readonly loosened: readonly Difference[];
  /** What an attacker gets from the call, where it is one that he likes. */
  readonly gain?: string;
  /** What the kernel asks for in any case. */
  readonly asks: readonly CapabilityCheck[];
  /** Whoever made the call has not the first of these, so that the change alone may not help. */
  readonly isLacking?: true;
  /** Calls that pass already and have the same effect, and the effect. */
  readonly already?: { readonly effect: string; readonly calls: readonly string[] };
  /** What lint says of the profile then, and did not say before. */
  readonly findings: readonly Finding[];
}

/** Finds out what a change opens to somebody with these capabilities, as far as they are known. */
export function whatItOpens(
  subject: ProfileText,
  { name: denied, isPlain }: DeniedCall,
  change: SmallestChange,
  capabilities?: readonly string[],
): Opening {
  const loosened = diffPolicies(change.before, change.after).listed.filter((d) => d.change === 'loosened');
  const opened = new Set(loosened.flatMap((d) => d.name ?? []));
  // Where it is denied as before, another call stands in for it.
  const [name = denied] = opened.has(denied) ? [denied] : opened;
  const gain = notable(name);
  const row = SIBLINGS.find(({ calls }) => calls.includes(name));
  const already = row?.calls.filter((call) => call !== name && !opened.has(call) && passesNow(change, call));
  const asks = isPlain ? [] : capabilityChecks(name);
  const isLacking =
    capabilities && asks[0]?.capability.split(' or ').every((one) => !capabilities.includes(one));
  return {
    loosened,
    ...(gain !== undefined && { gain }),
    asks,
    ...(isLacking && { isLacking }),
    ...(row && already && already.length > 0 && { already: { effect: row.effect, calls: already } }),
    findings: newFindings(lintOf(subject, subject.text), lintOf(subject, change.text), name),
  };
}

/** What lint did not say before; where it said the same of other calls, only what it says of this one. */
function newFindings(before: readonly Finding[], after: readonly Finding[], name: string): Finding[] {
  const codes = new Set(before.map(({ code }) => code));
  const isOfCall = ({ message }: Finding) => message.split(/\W+/).includes(name);
  return withoutKnown(after, before).filter((one) => !codes.has(one.code) || isOfCall(one));
}

const TOLD = new Set<Finding['severity']>(['critical', 'high', 'medium']);

function lintOf({ name, target, part }: ProfileText, text: string): Finding[] {
  return lintText(name, text, { target })
    .filter((linted) => part === undefined || linted.part === undefined || linted.part === part)
    .flatMap(({ findings }) => findings.filter(({ severity }) => TOLD.has(severity)));
}

function passesNow({ before }: SmallestChange, name: string): boolean {
  return allowedCalls(before).some((call) => call.arch === before.abis[0].name && call.name === name);
}
