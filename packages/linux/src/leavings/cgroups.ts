import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeCgroup } from '../process/cgroup.ts';
import { killProcess } from '../process/kill-process.ts';
import { mountPoints } from '../process/mount-points.ts';
import type { Finder, Leaving } from './leaving.ts';
import { leftBehindIn } from './left-behind-in.ts';

/** A machine with more cgroups is not looked through to its end. */
const MOST_FOLDERS = 100_000;
const PATIENCE_MS = 5_000;
const POLL_MS = 10;

/** Cgroups of both versions, wherever they are, with everything that lives in them. */
export const cgroups: Finder = {
  id: 'cgroups',

  async find() {
    const leavings: Leaving[] = [];
    const folders = mountPoints(/^cgroup2?$/);
    for (let i = 0; i < folders.length && i < MOST_FOLDERS; i++) {
      const abandoned = new Set(leftBehindIn(folders[i]));
      for (const name of abandoned) leavings.push({ kind: 'cgroup', name });
      folders.push(...foldersIn(folders[i]).filter((inner) => !abandoned.has(inner)));
    }
    const unseen = folders.length > MOST_FOLDERS ? [`cgroups beyond ${MOST_FOLDERS}`] : [];
    return { leavings, unseen };
  },

  async remove({ name: path }) {
    const end = performance.now() + PATIENCE_MS;
    for (; livesIn(path).length > 0; await sleep(POLL_MS)) {
      if (livesIn(path).includes(process.pid)) throw new Error('this callgate runs in it');
      if (performance.now() > end) throw new Error('what runs in it cannot be killed');
      killAll(path);
    }
    removeCgroup(path);
  },
};

function killAll(path: string): void {
  try {
    writeFileSync(join(path, 'cgroup.kill'), '1');
  } catch {
    // Version 1, and Linux before 5.14, have none.
    for (const pid of livesIn(path)) killProcess(pid);
  }
}

/** The processes in a cgroup and below it. */
function livesIn(path: string): number[] {
  return [path, ...below(path)].flatMap((folder) => {
    try {
      return readFileSync(join(folder, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
}

function below(path: string): string[] {
  return foldersIn(path).flatMap((inner) => [inner, ...below(inner)]);
}

function foldersIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(path, name));
  } catch {
    return [];
  }
}
