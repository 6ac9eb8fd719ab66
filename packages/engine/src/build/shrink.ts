import { allowedCalls } from '../analysis/allowed-calls.ts';
import type { Policy } from '../policy/policy.ts';
import { namesAllowed } from '../profile/allowed-calls.ts';
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

/** What can go, told apart by whether the workload makes the calls at all. */
export interface ShrunkByUse {
  readonly dispensable: readonly string[];
  /** Of these, those that it never makes. */
  readonly unused: readonly string[];
  readonly needed: readonly string[];
}

/**
 * Tries what the workload never makes first and together, because most often that goes in one trial; then, unless only
 * unused calls may go, what it makes and may do without.
 */
export async function shrinkByUse(
  candidates: readonly string[],
  used: ReadonlySet<string>,
  works: Works,
  onlyUnused: boolean,
): Promise<ShrunkByUse> {
  const found = await shrink(
    candidates.filter((name) => !used.has(name)),
    works,
  );
  const made = candidates.filter((name) => used.has(name));
  const rest = onlyUnused
    ? undefined
    : await shrink(made, (without) => works(new Set([...found.dispensable, ...without])));
  return {
    dispensable: [...found.dispensable, ...(rest?.dispensable ?? [])].sort(),
    unused: found.dispensable,
    needed: [...found.needed, ...(rest?.needed ?? [])].sort(),
  };
}

/** Without these no process can begin or end, or only until a signal comes: trials would not show it. */
const NEVER_TRIED = ['execve', 'exit', 'exit_group', 'rt_sigreturn', 'sigreturn', 'restart_syscall'];

/** The calls to try to go without: those that pass under the policy because rules of the profile name them. */
export function shrinkable(profile: Profile, policy: Policy): string[] {
  const passing = new Set(allowedCalls(policy).map(({ name }) => name));
  return namesAllowed(profile)
    .filter((name) => passing.has(name) && !NEVER_TRIED.includes(name))
    .sort();
}
