import type { ActionName, Profile, Rule } from './profile.ts';

/** The actions under which the kernel executes a call. */
const EXECUTING: readonly ActionName[] = ['ALLOW', 'LOG'];

/** Whether a profile lets the calls pass that it does not name. */
export function allowsByDefault({ defaultAction }: Profile): boolean {
  return EXECUTING.includes(defaultAction.value);
}

/**
 * The names that the rules of a profile let pass, in the order of the file, each once: whatever the arguments, the ABI and
 * the runtime. Which calls pass on a target, `allowedCalls` of analysis knows.
 */
export function namesAllowed(profile: Profile): string[] {
  const names = profile.rules.filter(isAllowing).flatMap(namesOf);
  return [...new Set(names)];
}

/** The profile without some names in the rules that let calls pass; a rule that names nothing more is left out. */
export function withoutNames(profile: Profile, names: ReadonlySet<string>): Profile {
  const rules = profile.rules
    .map((rule) => (isAllowing(rule) ? ruleWithout(rule, names) : rule))
    .filter((rule) => namesOf(rule).length > 0)
    .map((rule, index) => ({ ...rule, index }));
  return { ...profile, rules };
}

function ruleWithout({ legacyName, ...rule }: Rule, names: ReadonlySet<string>): Rule {
  const kept = rule.names.filter((name) => !names.has(name.value));
  return legacyName && !names.has(legacyName.value)
    ? { ...rule, names: kept, legacyName }
    : { ...rule, names: kept };
}

function isAllowing(rule: Rule): boolean {
  return EXECUTING.includes(rule.action.value);
}

/** Both forms: the list, and Docker's old single name. */
function namesOf({ names, legacyName }: Rule): string[] {
  return [...names, ...(legacyName ? [legacyName] : [])].map((name) => name.value);
}
