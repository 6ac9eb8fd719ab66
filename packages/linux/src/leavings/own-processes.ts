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

/** What watches over a container for its engine; it may still be there when the engine knows of no container any more. */
const MONITORS = new Set(['conmon', 'containerd-shim-runc-v2']);

/** Programs of callgate's own, which run from a file of its name, and those that it had work for it. */
export const ownProcesses = finderOf('processes', (pid) => runsOwnFile(pid) ?? workedFor(pid, WORKERS));

/** Those that an engine had watch over containers of callgate, with what they watch over. */
export const monitors = finderOf('monitors', (pid) => workedFor(pid, MONITORS));

function finderOf(id: string, ownerOfProcess: (pid: number) => Owner | undefined): Finder {
  return {
    id,

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
}

/** Of a launcher, a keeper or a trial: the file in memory, or in a temporary folder, that it runs from tells whose it is. */
function runsOwnFile(pid: number): Owner | undefined {
  const owner = ownerOf(executableOf(pid) ?? '');
  return owner?.kind === 'launcher' ? owner : undefined;
}

/** Of one of these programs: a name among its arguments tells whom it works for. */
function workedFor(pid: number, programs: ReadonlySet<string>): Owner | undefined {
  const [program = '', ...args] = commandLineOf(pid);
  if (!programs.has(basename(program))) return undefined;
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
