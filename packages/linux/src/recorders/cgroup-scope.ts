import { setTimeout as sleep } from 'node:timers/promises';
import { Cgroup, ownCgroup } from '../cgroup.ts';
import type { Ending, Launched } from '../launch.ts';
import type { RecordHooks } from './recorder.ts';

/** How often the kernel is asked whether the program's last child is gone. */
const POLL_MS = 20;

/** Why no cgroup can be made for a program; undefined when one can. */
export function whyNoCgroup(): string | undefined {
  if (!ownCgroup()) return 'no cgroup-v2 hierarchy is mounted';
  try {
    Cgroup.create().remove();
    return undefined;
  } catch (fault) {
    return `no cgroup can be made (${fault instanceof Error ? fault.message : fault})`;
  }
}

/** Lets the program run until it and everything that it started is gone. */
export async function seeThrough(launched: Launched, cgroup: Cgroup, hooks: RecordHooks): Promise<Ending> {
  const kill = () => cgroup.killAll();
  hooks.stop?.addEventListener('abort', kill);
  try {
    await launched.go();
    hooks.started?.(launched.pid);
    const ending = await launched.ended;
    hooks.ended?.();
    if (cgroup.isPopulated()) hooks.waiting?.(cgroup.pids().length);
    while (cgroup.isPopulated()) await sleep(POLL_MS);
    return ending;
  } finally {
    hooks.stop?.removeEventListener('abort', kill);
  }
}

/** What cannot be removed now, the next recording removes; a result is worth more than a clean folder. */
export async function clear(cgroup: Cgroup): Promise<void> {
  try {
    cgroup.killAll();
    while (cgroup.isPopulated()) await sleep(1);
    cgroup.remove();
  } catch {
    // Cgroup.create looks for abandoned folders.
  }
}
