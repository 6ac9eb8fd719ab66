import { writeIndentedJson } from '../source/write-json.ts';
import type { Condition, KernelVersion, Profile, Rule, RuleScope } from './profile.ts';

/**
 * The profile as JSON text that runtimes read, two spaces deep, names on one line each; ends in a newline.
 * @example
 * ```js
 * import { parseProfile, stringifyProfile } from '@callgate/engine';
 * const { value } = parseProfile('defaultAction: SCMP_ACT_ALLOW');
 * JSON.parse(stringifyProfile(value)); // → { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [] }
 * ```
 */
export function stringifyProfile(profile: Profile): string {
  return `${writeIndentedJson(profileDocument(profile))}\n`;
}

/** The same as a value, for a larger document; its 64-bit numbers are bigints. */
export function profileDocument(profile: Profile): object {
  return {
    defaultAction: `SCMP_ACT_${profile.defaultAction.value}`,
    ...(profile.defaultErrnoRet && { defaultErrnoRet: profile.defaultErrnoRet.value }),
    ...(profile.defaultErrno && { defaultErrno: profile.defaultErrno.value }),
    ...(profile.architectures.length > 0 && { architectures: profile.architectures.map((a) => a.value) }),
    ...(profile.archMap.length > 0 && {
      archMap: profile.archMap.map((entry) => ({
        architecture: entry.architecture.value,
        subArchitectures: entry.subArchitectures.map((a) => a.value),
      })),
    }),
    ...(profile.hasFlags && { flags: profile.flags.map((f) => f.value) }),
    ...(profile.listenerPath && { listenerPath: profile.listenerPath.value }),
    ...(profile.listenerMetadata && { listenerMetadata: profile.listenerMetadata.value }),
    syscalls: profile.rules.map(ruleDocument),
  };
}

function ruleDocument(rule: Rule): object {
  return {
    ...(rule.legacyName && { name: rule.legacyName.value }),
    ...((rule.names.length > 0 || !rule.legacyName) && { names: rule.names.map((n) => n.value) }),
    action: `SCMP_ACT_${rule.action.value}`,
    ...(rule.errnoRet && { errnoRet: rule.errnoRet.value }),
    ...(rule.errno && { errno: rule.errno.value }),
    ...(rule.conditions.length > 0 && { args: rule.conditions.map(conditionDocument) }),
    ...(rule.comment && { comment: rule.comment.value }),
    ...(rule.includes && { includes: scopeDocument(rule.includes) }),
    ...(rule.excludes && { excludes: scopeDocument(rule.excludes) }),
  };
}

function conditionDocument(condition: Condition): object {
  return {
    index: condition.argument,
    value: condition.value,
    ...((condition.operator === 'MASKED_EQ' || condition.valueTwo !== 0n) && {
      valueTwo: condition.valueTwo,
    }),
    op: `SCMP_CMP_${condition.operator}`,
  };
}

function scopeDocument(scope: RuleScope): object {
  return {
    ...(scope.arches.length > 0 && { arches: scope.arches.map((a) => a.value) }),
    ...(scope.caps.length > 0 && { caps: scope.caps.map((c) => c.value) }),
    ...(scope.minKernel && { minKernel: minimalKernel(scope.minKernel.value) }),
  };
}

/** Older than any kernel is written as nothing: Docker refuses 0.0. */
function minimalKernel({ major, minor }: KernelVersion): string {
  return major + minor === 0 ? '' : `${major}.${minor}`;
}
