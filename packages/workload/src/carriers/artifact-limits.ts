import type { Diagnostic } from '@callgate/engine';
import { crowdedCall, MOST_ENTRIES_IN_ARTIFACT } from '@callgate/engine/internal/profile/crowded-call';
import type { Condition, Profile, Rule } from '@callgate/engine/internal/profile/profile';
import { quote } from '@callgate/engine/internal/source/tree';
import { MOST_LAYER_BYTES } from './artifact.ts';
import { limit } from './limit.ts';
import { utf8Bytes } from './utf8.ts';

/** security-profiles-merger: what it takes beside an action that returns an errno. */
const MOST_ERRNO = 4095;
const EPERM = 1;

/**
 * What runtimes refuse of a profile that comes from a registry, though they take it as a file (KEP-6061;
 * security-profiles-merger's ValidateArtifact).
 */
export function artifactLimits(profile: Profile, text: string): Diagnostic[] {
  const { defaultAction, defaultErrnoRet, rules, flags, listenerPath, listenerMetadata } = profile;
  const size = utf8Bytes(text).length;
  const asking = rules.find(({ action }) => action.value === 'NOTIFY');
  const listener = [listenerPath, listenerMetadata].find((said) => said?.value);
  const waits = flags.find(({ value }) => value === 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV');
  const large = [defaultErrnoRet, ...rules.map(({ errnoRet }) => errnoRet)].find(
    (errno) => errno && errno.value > MOST_ERRNO,
  );
  const found = [
    size > MOST_LAYER_BYTES &&
      limit(
        `an OCI artifact has at most ${MOST_LAYER_BYTES} bytes, the profile has ${size}`,
        defaultAction.span,
      ),
    asking && limit('an OCI artifact leaves no calls to a supervisor (SCMP_ACT_NOTIFY)', asking.action.span),
    listener && limit('an OCI artifact names no listener', listener.span),
    waits && limit(`an OCI artifact has no ${waits.value}`, waits.span),
    large && limit(`an OCI artifact takes an errno up to ${MOST_ERRNO}`, large.span),
    crowdedLimit(rules),
    conflictLimit(profile),
  ];
  return found.filter((diagnostic) => typeof diagnostic === 'object');
}

function crowdedLimit(rules: readonly Rule[]): Diagnostic | undefined {
  const call = crowdedCall(rules);
  if (!call) return undefined;
  const message = `an OCI artifact names a call in at most ${MOST_ENTRIES_IN_ARTIFACT} rules, and ${quote(call.value)} in more`;
  return limit(message, call.span, 'make one rule of those that have the same action');
}

/** Two rules with the same conditions for a call must give it the same; a runtime would keep one of them. */
function conflictLimit({ rules, defaultAction, defaultErrnoRet }: Profile): Diagnostic | undefined {
  const usual = result(defaultAction.value, defaultErrnoRet?.value);
  const given = new Map<string, string>();
  for (const { names, action, errnoRet, conditions } of rules) {
    const mine = result(action.value, errnoRet?.value);
    const shape = conditions.map(conditionKey).sort().join(' ');
    // Runtimes leave out what says what the default says.
    if (mine === usual) continue;
    for (const { value, span } of names) {
      const before = given.get(`${value} ${shape}`);
      if (before !== undefined && before !== mine)
        return limit(
          `an OCI artifact gives ${quote(value)} one answer for the same conditions, this is a second`,
          span,
        );
      given.set(`${value} ${shape}`, mine);
    }
  }
  return undefined;
}

function result(action: string, errno = EPERM): string {
  return ['ERRNO', 'TRACE'].includes(action) ? `${action} ${errno}` : action.replace(/^KILL$/, 'KILL_THREAD');
}

function conditionKey({ argument, operator, value, valueTwo }: Condition): string {
  const [datum, mask] = operator === 'MASKED_EQ' ? [value & valueTwo, value] : [value, 0n];
  return `${argument} ${operator} ${datum} ${mask}`;
}
