import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/** Until the condition gives something other than undefined and false; an error that names what was awaited. */
export async function until<T>(
  what: string,
  condition: () => T | undefined | false,
  patienceMs = 30_000,
): Promise<T> {
  const end = Date.now() + patienceMs;
  while (Date.now() < end) {
    const value = condition();
    if (value !== undefined && value !== false) return value;
    await sleep(POLL_MS);
  }
  throw new Error(`in vain: ${what}`);
}
