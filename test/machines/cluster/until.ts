import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 200;

/** What is waited for will not come. */
export class Hopeless extends Error {}

/** Waits until something holds, which is asked again and again. A fault while asking is told when time is up. */
export async function until(what: string, mostMs: number, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + mostMs;
  let last = '';
  while (Date.now() < end) {
    try {
      if (await holds()) return;
    } catch (fault) {
      if (fault instanceof Hopeless || isInterruption(fault)) throw fault;
      last = `: ${fault instanceof Error ? fault.message : fault}`;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`waited ${mostMs / 1000} s in vain until ${what}${last}`);
}

function isInterruption(fault: unknown): boolean {
  return fault instanceof Error && fault.name === 'AbortError';
}
