import { setTimeout as sleep } from 'node:timers/promises';

/** How often a request is made before it is given up. */
export const MOST_ATTEMPTS = 5;
/** Also where a server asks for more. */
const LONGEST_PAUSE_MS = 30_000;
const FIRST_PAUSE_MS = 500;

/** Waits so long before a request is made again; made by hand in tests. */
export type Pause = (ms: number, signal?: AbortSignal) => Promise<void>;

export const realPause: Pause = async (ms, signal) => {
  await sleep(ms, undefined, signal && { signal });
};

/** Statuses of a server that is too busy, or of a proxy before one that is being started. */
export function isWorthAnotherTry(status: number): boolean {
  return status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/**
 * Milliseconds until the next attempt: what the server asks for, else twice as long each time.
 * @param attempt how many there were, from 1 on.
 * @param retryAfter the header of that name: seconds, or a date (RFC 9110, 10.2.3).
 */
export function pauseAfter(attempt: number, retryAfter: string | undefined): number {
  const own = FIRST_PAUSE_MS * 2 ** (attempt - 1);
  const asked = retryAfter === undefined ? Number.NaN : millisecondsOf(retryAfter.slice(0, 40));
  return Math.min(Number.isNaN(asked) ? own : Math.max(0, asked), LONGEST_PAUSE_MS);
}

function millisecondsOf(retryAfter: string): number {
  return /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
}
