import type { LoggedCall } from '@callgate/engine/internal/logs/log-tally';
import { LogStream } from '@callgate/engine/internal/logs/read-log';
import type { Context } from '../context.ts';
import { endOf, type LogFlags, type ReadRecording } from './log.ts';

/** So long after lines have come it is looked what is new. */
const LOOK_AFTER_MS = 200;
const STOPPING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * A log on stdin, told while it grows; it ends with the pipe, or with a signal.
 * @param told gets all calls up to now, again and again.
 */
export async function readFollowed(
  context: Context,
  flags: LogFlags,
  told: (calls: readonly LoggedCall[]) => void,
): Promise<ReadRecording> {
  const stream = new LogStream(flags);
  let head: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = () => {
    timer = undefined;
    told(stream.soFar()?.calls ?? []);
  };
  const stop = () => {
    stopped = true;
    context.stdin.destroy();
  };
  const offs = STOPPING.map((signal) => context.onSignal(signal, stop));
  try {
    for await (const chunk of context.stdin) {
      const text = Buffer.from(chunk).toString('latin1');
      head ??= text;
      stream.push(text);
      if (stream.isBinary) break;
      timer ??= setTimeout(look, LOOK_AFTER_MS);
    }
  } catch (fault) {
    // A pipe that is given up in its middle.
    if (!stopped) throw fault;
  } finally {
    clearTimeout(timer);
    for (const off of offs) off();
  }
  look();
  return endOf(stream, '-', head ?? '', flags);
}
