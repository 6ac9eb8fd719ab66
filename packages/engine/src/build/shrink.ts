import type { Profile } from '../profile/profile.ts';

/** Whether the workload still works without some calls. */
export type Works = (without: ReadonlySet<string>) => Promise<boolean>;

/** What a search by trials found. */
export interface Shrunk {
  /** The workload works without all of these together. */
  readonly dispensable: readonly string[];
  /** Without this one call, beside those that are dispensable, it does not. */
  readonly needed: readonly string[];
  readonly trials: number;
}

/**
 * Finds calls that a workload can do without: takes whole groups away, and halves those that it needs something of. What is left
 * is minimal in the sense that no single further call can go.
 */
export async function shrink(candidates: readonly string[], works: Works): Promise<Shrunk> {
  const dispensable = new Set<string>();
  const needed: string[] = [];
  let trials = 0;
  const groups: (readonly string[])[] = candidates.length > 0 ? [candidates] : [];
  for (let group = groups.shift(); group; group = groups.shift()) {
    trials++;
    if (await works(new Set([...dispensable, ...group]))) for (const name of group) dispensable.add(name);
    else if (group.length === 1) needed.push(group[0]);
    else {
      const middle = Math.ceil(group.length / 2);
      groups.unshift(group.slice(0, middle), group.slice(middle));
    }
  }
  return { dispensable: [...dispensable].sort(), needed: needed.sort(), trials };
}

/** The calls that a profile's rules allow, whatever the arguments. */
export function allowedCalls(profile: Profile): string[] {
  const allowing = profile.rules.filter((rule) => rule.action.value === 'ALLOW');
  return [...new Set(allowing.flatMap((rule) => rule.names.map((name) => name.value)))].sort();
}

/** The profile without some calls in the rules that allow; a rule that names nothing more is left out. */
export function withoutCalls(profile: Profile, names: ReadonlySet<string>): Profile {
  const rules = profile.rules
    .map((rule) =>
      rule.action.value === 'ALLOW'
        ? { ...rule, names: rule.names.filter((name) => !names.has(name.value)) }
        : rule,
    )
    .filter((rule) => rule.names.length > 0)
    .map((rule, index) => ({ ...rule, index }));
  return { ...profile, rules };
}
