import { constants } from 'node:os';
import { errnoName } from '@callgate/engine/internal/syscalls/arguments';
import { SIGALRM, UNTOLD_ERRNO, type WayEnd } from './trial.ts';

/** How a call ended, in a word or two: "ok", an errno's name, that it waits, or the signal that ended its process. */
export function endWords(end: WayEnd): string {
  switch (end.kind) {
    case 'returned': {
      const errno = Number(-end.result);
      if (errno <= 0) return 'ok';
      return errno === UNTOLD_ERRNO ? 'an errno' : (errnoName(errno) ?? `errno ${errno}`);
    }
    case 'signal':
      return end.signal === SIGALRM ? 'it waits' : signalName(end.signal);
    case 'ended':
      return `status ${end.status}`;
    case 'refused':
      return `no filter (${errnoName(end.errno) ?? end.errno})`;
    case 'untried':
      return 'untried';
  }
}

function signalName(signal: number): string {
  const found = Object.entries(constants.signals).find(([, number]) => number === signal);
  return found ? found[0] : `signal ${signal}`;
}
