import { resolve } from 'node:path';
import { suggest } from '@callgate/engine/internal/diagnostics/suggest';
import { printable } from '@callgate/engine/internal/report/words';
import {
  chooseWatchSource,
  NoWatchSource,
  WATCH_SOURCES,
  type WatchSourceName,
} from '@callgate/linux/internal/watch/choose-source';
import { FollowedFile } from '@callgate/linux/internal/watch/followed-file';
import { LineSource } from '@callgate/linux/internal/watch/line-source';
import type { WatchedProcesses, WatchSource } from '@callgate/linux/internal/watch/watch-source';
import { CliFailure, type Context } from '../context.ts';
import { reason } from '../terminal/write-file.ts';

const CROWDED_MS = 20;

/** What is to be watched, as flags say it. */
export interface WatchSourceWish {
  /** A file, or "-". */
  readonly log?: string;
  readonly source?: string;
  /** Milliseconds since 1970. */
  readonly since?: number;
  readonly watched: WatchedProcesses;
}

/** A source, why it is that one, and how everything that belongs to it is closed. */
export interface OpenedSource {
  readonly source: WatchSource;
  readonly because: string;
  close(): void;
}

/** Opens what is to be watched. Throws CliFailure. */
export function openWatchSource(context: Context, wish: WatchSourceWish): OpenedSource {
  const { log, since } = wish;
  if (log !== undefined && wish.source !== undefined && wish.source !== '-')
    throw new CliFailure('give a log, or --source, not both');
  const file = log ?? (wish.source === '-' ? '-' : undefined);
  if (file === '-') return stdinSource(context, since);
  if (file !== undefined) {
    try {
      const source = new FollowedFile(resolve(context.cwd, file), since);
      return { source, because: printable(file), close: () => source.close() };
    } catch (fault) {
      throw new CliFailure(`cannot follow ${printable(file)}: ${reason(fault)} [unreadable]`);
    }
  }
  try {
    const { comm, pid } = wish.watched;
    const chosen = chooseWatchSource({
      name: sourceNamed(wish.source ?? 'auto'),
      watched: { comm, pid },
      since,
    });
    return { ...chosen, close: () => chosen.source.close() };
  } catch (fault) {
    if (fault instanceof NoWatchSource) throw new CliFailure(fault.message);
    throw fault;
  }
}

/** Lines as they come; whoever writes them waits when they come too fast. */
function stdinSource(context: Context, since: number | undefined): OpenedSource {
  const source = new LineSource(since);
  let over = false;
  const pump = async () => {
    for await (const chunk of context.stdin) {
      source.push(Buffer.from(chunk).toString('latin1'));
      while (source.isCrowded && !over) await new Promise((later) => setTimeout(later, CROWDED_MS));
      if (over) return;
    }
  };
  // What cannot be read any more has ended.
  void pump()
    .catch(() => {})
    .finally(() => source.end());
  return {
    source,
    because: 'stdin',
    close: () => {
      over = true;
      context.stdin.destroy();
    },
  };
}

function sourceNamed(text: string): WatchSourceName {
  const found = WATCH_SOURCES.find((name) => name === text);
  if (found) return found;
  const meant = suggest(text, WATCH_SOURCES);
  throw new CliFailure(
    `there is no source "${printable(text)}"${meant ? `; did you mean ${meant}?` : `; it is one of ${WATCH_SOURCES.join(', ')}`}`,
  );
}
