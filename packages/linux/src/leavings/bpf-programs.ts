import { readdirSync, readFileSync, unlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LoadedProgram, loadedPrograms } from '../ebpf/loaded-programs.ts';
import { mountPoints } from '../process/mount-points.ts';
import { executableOf, processes } from '../process/processes.ts';
import type { Finder, Leaving } from './leaving.ts';
import { leftBehindIn } from './left-behind-in.ts';
import { isLeftBehind, ownerOf } from './own-name.ts';

/** How the names of callgate's programs begin. */
const PREFIX = 'callgate_';
/** The kernel forgets a program a moment after the last who held it is gone. */
const MOMENT_MS = 200;
const TRIES = 10;

/**
 * BPF programs live as long as somebody holds them: callgate itself, which pins none. So one is left behind when it is pinned under
 * a name of `ownName`, when a program of callgate's own still has it, or when nobody that can be seen from here does.
 */
export const bpfPrograms: Finder = {
  id: 'bpf',

  async find() {
    const pinned = mountPoints(/^bpf$/)
      .flatMap((folder) => leftBehindIn(folder))
      .map((name): Leaving => ({ kind: 'BPF program', name }));
    try {
      const orphans = await orphanPrograms();
      const loaded = orphans.map(({ id, name }): Leaving => ({ kind: 'BPF program', name, id }));
      return { leavings: [...pinned, ...loaded], unseen: [] };
    } catch {
      return { leavings: pinned, unseen: ['BPF programs: that needs root'] };
    }
  },

  async remove({ name, id }) {
    if (id === undefined) return unlinkSync(name);
    for (let tries = 0; tries < TRIES; tries++) {
      if (!loadedPrograms().some((program) => program.id === id)) return;
      await sleep(MOMENT_MS);
    }
    throw new Error('who holds it cannot be seen from here');
  },
};

async function orphanPrograms(): Promise<LoadedProgram[]> {
  const seen = ownPrograms();
  const holders = holdersOf(new Set(seen.map(({ id }) => id)));
  const orphans = seen.filter(({ id }) => (holders.get(id) ?? []).every(isOrphan));
  if (orphans.length === 0) return [];
  await sleep(MOMENT_MS);
  const still = ownPrograms();
  return orphans.filter(({ id }) => still.some((program) => program.id === id));
}

function ownPrograms(): LoadedProgram[] {
  return loadedPrograms().filter(({ name }) => name.startsWith(PREFIX));
}

function isOrphan(pid: number): boolean {
  const owner = ownerOf(executableOf(pid) ?? '');
  return owner !== undefined && isLeftBehind(owner);
}

/** Who holds programs, or what they are attached by: /proc/PID/fdinfo names the program of both. */
function holdersOf(ids: ReadonlySet<number>): Map<number, number[]> {
  const holders = new Map<number, number[]>();
  if (ids.size === 0) return holders;
  for (const pid of processes())
    for (const id of programsHeldBy(pid)) if (ids.has(id)) holders.set(id, [...(holders.get(id) ?? []), pid]);
  return holders;
}

function programsHeldBy(pid: number): number[] {
  try {
    const folder = `/proc/${pid}/fdinfo`;
    return readdirSync(folder).flatMap((fd) => {
      const id = /^prog_id:\s*(\d+)$/m.exec(readFileSync(`${folder}/${fd}`, 'latin1'))?.[1];
      return id === undefined ? [] : [Number(id)];
    });
  } catch {
    // It has ended.
    return [];
  }
}
