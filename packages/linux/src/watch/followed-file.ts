import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LineSource } from './line-source.ts';
import type { SeenCalls, SourceLosses, WatchSource } from './watch-source.ts';

const CHUNK = 64 * 1024;
/** So much is taken at a time; the rest waits in the file. */
const MOST_CHUNKS = 64;

/** A log that somebody else writes to, and moves away now and then to begin a new one. */
export class FollowedFile implements WatchSource {
  readonly id = 'log';
  readonly ended = false;
  private readonly path: string;
  private readonly lines: LineSource;
  private readonly chunk = Buffer.alloc(CHUNK);
  private fd: number;
  private position: number;
  private cut = 0;

  /**
   * @param since with what is there from that time on, in milliseconds since 1970; undefined: only what comes.
   * @throws what open(2) throws, and for what is no regular file.
   */
  constructor(path: string, since?: number) {
    this.path = path;
    this.lines = new LineSource(since);
    this.fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(this.fd);
    if (!stats.isFile()) {
      closeSync(this.fd);
      throw new Error('it is no regular file, and cannot be followed; a pipe goes to stdin');
    }
    this.position = since === undefined ? stats.size : 0;
  }

  async wait(milliseconds: number): Promise<void> {
    await sleep(milliseconds);
  }

  take(): Iterable<SeenCalls> {
    const stats = fstatSync(this.fd);
    if (stats.size < this.position) {
      this.position = 0;
      this.cut += 1;
    }
    const wholly = this.read();
    if (wholly && this.isReplaced(stats)) this.reopen();
    return this.lines.take();
  }

  losses(): SourceLosses {
    const { lost } = this.lines.losses();
    const notes =
      this.cut > 0 ? [`the file was cut ${this.cut} times: what was not read before is lost`] : [];
    return { lost, notes };
  }

  close(): void {
    closeSync(this.fd);
  }

  /** Whether it came to the file's end. */
  private read(): boolean {
    for (let i = 0; i < MOST_CHUNKS; i++) {
      const length = readSync(this.fd, this.chunk, 0, CHUNK, this.position);
      if (length === 0) return true;
      this.position += length;
      this.lines.push(this.chunk.toString('latin1', 0, length));
    }
    return false;
  }

  /** Whether the name belongs to another file now. */
  private isReplaced(stats: Stats): boolean {
    try {
      const now = statSync(this.path);
      return now.isFile() && (now.ino !== stats.ino || now.dev !== stats.dev);
    } catch {
      // It was moved away, and the next one is not there yet.
      return false;
    }
  }

  private reopen(): void {
    try {
      const next = openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
      closeSync(this.fd);
      this.fd = next;
      this.position = 0;
      this.read();
    } catch {
      // Moved away again; at the next look it may be there.
    }
  }
}
