import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { killProcess } from '../process/kill-process.ts';
import { commandLineOf, executableOf, isProcess, processes, treeOf } from '../process/processes.ts';
import type { Finder, Leaving } from './leaving.ts';
import { isLeftBehind, type Owner, ownerOf } from './own-name.ts';

/** What callgate starts to work for it, with a name of `ownName` among the arguments. */
const WORKERS = new Set(['docker', 'podman', 'ctr', 'runc', 'crun', 'strace', 'unshare', 'sh', 'tar']);
/** The keeper cleans up behind a callgate that was killed, and then ends: twenty seconds at most. */
const PATIENCE_MS = 25_000;
/** Others end by themselves when nobody listens to them any more, or never. */
const OTHERS_PATIENCE_MS = 3_000;
const POLL_MS = 20;

/** Programs of callgate's own, which run from a file of its name, and those that it had work for it. */
export const ownProcesses: Finder = {
  id: 'processes',

  async find() {
    const leavings = processes().flatMap((pid): Leaving[] => {
      const owner = ownerOfProcess(pid);
      if (owner === undefined || !isProcess(pid) || !isLeftBehind(owner)) return [];
      return [{ kind: 'process', name: commandLineOf(pid)[0] ?? owner.kind, id: pid }];
    });
    return { leavings, unseen: [] };
  },

  async remove({ id }) {
    const pid = id!;
    const isOwn = runsOwnFile(pid) !== undefined;
    const isGone = () => ownerOfProcess(pid) === undefined || !isProcess(pid);
    if (await within(isOwn ? PATIENCE_MS : OTHERS_PATIENCE_MS, isGone)) return;
    // What strace traces, and what a shell has started, would go on without it.
    for (const one of isOwn ? [pid] : treeOf(pid)) killProcess(one);
    if (!(await within(OTHERS_PATIENCE_MS, isGone))) throw new Error('it cannot be killed');
  },
};

function ownerOfProcess(pid: number): Owner | undefined {
  return runsOwnFile(pid) ?? worksFor(pid);
}

/** Of a launcher, a keeper or a trial: the file in memory, or in a temporary folder, that it runs from tells whose it is. */
function runsOwnFile(pid: number): Owner | undefined {
  const owner = ownerOf(executableOf(pid) ?? '');
  return owner?.kind === 'launcher' ? owner : undefined;
}

function worksFor(pid: number): Owner | undefined {
  const [program = '', ...args] = commandLineOf(pid);
  if (!WORKERS.has(basename(program))) return undefined;
  return args.map(ownerOf).find((owner) => owner !== undefined);
}

async function within(timeLimitMs: number, isSo: () => boolean): Promise<boolean> {
  const end = performance.now() + timeLimitMs;
  while (!isSo()) {
    if (performance.now() > end) return false;
    await sleep(POLL_MS);
  }
  return true;
}
