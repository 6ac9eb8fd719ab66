import { setTimeout as sleep } from 'node:timers/promises';

/** What the work came to, or a fault as soon as somebody wants it to stop. */
export async function interruptible<T>(stop: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (!stop) return work;
  work.catch(() => {});
  stop.throwIfAborted();
  let leave = () => {};
  const stopped = new Promise<never>((_, reject) => {
    const onAbort = () => reject(stop.reason);
    stop.addEventListener('abort', onAbort);
    leave = () => stop.removeEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    leave();
  }
}

/** The same for a time that has to pass. */
export async function pause(ms: number, stop: AbortSignal | undefined): Promise<void> {
  await interruptible(stop, sleep(ms));
}
