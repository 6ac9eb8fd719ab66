import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { type KeeperPlan, keeperProgram } from './keeper-program.ts';
import { LaunchError, startProgram } from './start-program.ts';

/** Somebody who cleans up behind callgate when it cannot do so itself, as after kill -9. */
export interface Keeper {
  /** Callgate has done it all. Resolves when the keeper is gone. */
  release(): Promise<void>;
}

/** Starts a keeper; `descriptors` are those of this process that the plan speaks of. */
export function startKeeper(plan: KeeperPlan, ...descriptors: readonly number[]): Keeper {
  const child = startProgram((nr, wordSize) => keeperProgram(plan, nr, wordSize), {
    stdio: 'ignore',
    cwd: '/',
    detached: true,
    more: descriptors,
  });
  if (child.pid === undefined) throw new LaunchError('starting the keeper', 0);
  const ended = once(child, 'exit').catch(() => {});
  const channel = child.stdio[3] as Duplex;
  channel.on('error', () => {});
  // It is no reason for callgate to stay.
  child.unref();
  (channel as Duplex & { unref?(): void }).unref?.();
  return {
    async release() {
      child.ref();
      channel.end('.');
      await ended;
      channel.destroy();
    },
  };
}
