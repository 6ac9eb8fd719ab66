import { constants } from 'node:os';
import { CliFailure, type Context } from '../context.ts';

/** The signals by which somebody ends callgate. */
export const STOPPING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Calls the listener on each of several signals until the returned function is called. */
export function onSignals(
  context: Context,
  signals: readonly NodeJS.Signals[],
  listener: (signal: NodeJS.Signals) => void,
): () => void {
  const offs = signals.map((signal) => context.onSignal(signal, () => listener(signal)));
  return () => {
    for (const off of offs) off();
  };
}

/** How a verb ends that a signal has stopped: with the status that a shell gives for it. */
export function stoppedBySignal(signal: NodeJS.Signals): CliFailure {
  return new CliFailure(`stopped by ${signal}`, 128 + constants.signals[signal]);
}

/** Work that is to come to its end, which takes away what it has made, even when a signal comes; the verb ends after that. */
export async function uninterrupted<T>(context: Context, work: () => Promise<T>): Promise<T> {
  let stopped: NodeJS.Signals | undefined;
  const off = onSignals(context, STOPPING, (signal) => {
    stopped = signal;
  });
  try {
    const result = await work();
    if (stopped) throw stoppedBySignal(stopped);
    return result;
  } catch (fault) {
    throw stopped ? stoppedBySignal(stopped) : fault;
  } finally {
    off();
  }
}
