import { bpfPrograms } from './bpf-programs.ts';
import { cgroups } from './cgroups.ts';
import { engines } from './engines.ts';
import { filesIn } from './files.ts';
import type { Finder, Leaving } from './leaving.ts';
import { monitors, ownProcesses } from './own-processes.ts';
import { runtimeContainers } from './runtime-containers.ts';
import { tracingInstances } from './tracing-instances.ts';

/** What became of a thing that was left behind. */
export interface Cleaned {
  readonly leaving: Leaving;
  readonly removed: boolean;
  /** Why it could not be removed. */
  readonly why?: string;
}

/** What a callgate that was killed had left behind here, and what could not be looked at. */
export interface Cleaning {
  readonly found: readonly Cleaned[];
  readonly unseen: readonly string[];
}

export interface CleaningPlan {
  /** Only looks. */
  readonly dryRun: boolean;
  /** Where else files are looked for that were about to replace others. */
  readonly folders: readonly string[];
}

/** So often it is looked again: what an engine was just asked for may come while its asker is ended. */
const MOST_ROUNDS = 4;

/**
 * Finds what callgates that have ended left behind on this machine: processes, containers, images, cgroups, tracing instances,
 * BPF programs and files; and removes it. What a callgate that still runs has made, and what others have made, is not touched.
 */
export async function cleanMachine({ dryRun, folders }: CleaningPlan): Promise<Cleaning> {
  const finders = findersFor(folders);
  const found = new Map<string, Cleaned>();
  const unseen = new Set<string>();
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    const there = new Set<string>();
    // Who may still make something comes first, where it is made in comes last.
    for (const finder of finders) {
      const sighting = await finder.find();
      for (const blind of sighting.unseen) unseen.add(blind);
      for (const leaving of sighting.leavings) {
        const key = JSON.stringify(leaving);
        there.add(key);
        found.set(key, dryRun ? { leaving, removed: false } : await removed(finder, leaving));
      }
    }
    if (dryRun) break;
    // What could not be removed by itself may have gone with something else.
    for (const [key, { leaving }] of found) if (!there.has(key)) found.set(key, { leaving, removed: true });
    if (there.size === 0) break;
  }
  return { found: [...found.values()], unseen: [...unseen] };
}

function findersFor(folders: readonly string[]): Finder[] {
  return [
    ownProcesses,
    engines,
    monitors,
    runtimeContainers,
    cgroups,
    tracingInstances,
    bpfPrograms,
    filesIn(folders),
  ];
}

async function removed(finder: Finder, leaving: Leaving): Promise<Cleaned> {
  try {
    await finder.remove(leaving);
    return { leaving, removed: true };
  } catch (fault) {
    return { leaving, removed: false, why: fault instanceof Error ? fault.message : String(fault) };
  }
}
