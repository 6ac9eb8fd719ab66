import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Keeper, startKeeper } from '../launch/keeper.ts';
import { type Ending, type Launched, type LaunchPlan, launch } from '../launch/launch.ts';
import { Cgroup, ownCgroup } from '../process/cgroup.ts';
import { RecorderCannotStart, type RecorderId, type RecordHooks, type Tally } from './recorder.ts';

/** How often the kernel is asked whether the program's last child is gone. */
const POLL_MS = 20;
/** Buffers of the kernel are emptied before they are full. */
const TAKE_EVERY_MS = 5;

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

/** What observes a program: made while the program is held before its execve. */
export interface Observer {
  /** Takes what has come so far; called again and again while the program runs. */
  take?(): void;
  /** What was seen, once everything has ended. */
  result(): Omit<Tally, 'ending'> | Promise<Omit<Tally, 'ending'>>;
  close(): void;
  /** Folders that `close` removes, for the case that it is never called. */
  readonly folders?: readonly string[];
}

/**
 * Runs a program in a cgroup of its own, observed from its execve until everything that it started is gone.
 * @throws RecorderCannotStart when it cannot be observed.
 */
export async function observeInCgroup(
  recorder: RecorderId,
  plan: LaunchPlan,
  hooks: RecordHooks,
  observe: (pid: number, cgroup: Cgroup) => Observer,
  start: typeof launch = launch,
): Promise<Tally> {
  const launched = await start({ ...plan, stop: hooks.stop });
  let cgroup: Cgroup | undefined;
  let observer: Observer | undefined;
  let keeper: Keeper | undefined;
  try {
    try {
      cgroup = Cgroup.create();
      cgroup.add(launched.pid);
      observer = observe(launched.pid, cgroup);
      keeper = startKeeper({
        kill: join(cgroup.path, 'cgroup.kill'),
        folders: [...(observer.folders ?? []), cgroup.path],
      });
    } catch (fault) {
      throw new RecorderCannotStart(recorder, fault);
    }
    let over = false;
    const running = seeThrough(launched, cgroup, hooks).finally(() => {
      over = true;
    });
    const [ending] = await Promise.all([running, takeUntil(() => over, observer)]);
    return { ending, ...(await observer.result()) };
  } finally {
    launched.child.kill('SIGKILL');
    observer?.close();
    if (cgroup) await clear(cgroup);
    await keeper?.release();
  }
}

async function takeUntil(over: () => boolean, observer: Observer): Promise<void> {
  if (observer.take) for (; !over(); await sleep(TAKE_EVERY_MS)) observer.take();
}

/** Lets the program run until it and everything that it started is gone. */
async function seeThrough(launched: Launched, cgroup: Cgroup, hooks: RecordHooks): Promise<Ending> {
  const kill = () => cgroup.killAll();
  hooks.stop?.addEventListener('abort', kill);
  try {
    hooks.started?.(launched.pid);
    await launched.go();
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
async function clear(cgroup: Cgroup): Promise<void> {
  try {
    cgroup.killAll();
    while (cgroup.isPopulated()) await sleep(1);
    cgroup.remove();
  } catch {
    // Cgroup.create looks for abandoned folders.
  }
}
