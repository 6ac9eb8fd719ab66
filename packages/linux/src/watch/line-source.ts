import { DenialLines, type DenialRecord } from '@callgate/engine/internal/logs/denial-lines';
import { plural } from '@callgate/engine/internal/report/words';
import type { SeenCalls, SourceLosses, WatchSource } from './watch-source.ts';

/** Of a longer line the rest is passed over. */
const LONGEST_LINE = 64 * 1024;
/** With so many that nobody has taken yet, whoever pushes does well to wait. */
const CROWD = 10_000;

/** A log that somebody pushes in as it grows, line by line. */
export class LineSource implements WatchSource {
  readonly id = 'log';
  private readonly lines = new DenialLines();
  private readonly since: number;
  private waiting: SeenCalls[] = [];
  private pending = '';
  private tooLong = false;
  private read = 0;
  private isLog = false;
  private over = false;
  private wake: () => void = () => {};

  /** @param since what is older is passed over: milliseconds since 1970. */
  constructor(since = 0) {
    this.since = since;
  }

  get ended(): boolean {
    return this.over && this.waiting.length === 0;
  }

  /** Whether more should only be pushed once what waits was taken. */
  get isCrowded(): boolean {
    return this.waiting.length > CROWD;
  }

  /** The next part of the log; a byte a character. */
  push(chunk: string): void {
    let from = 0;
    for (let to = chunk.indexOf('\n'); to >= 0; to = chunk.indexOf('\n', from)) {
      this.extend(chunk.slice(from, to));
      this.finishLine();
      from = to + 1;
    }
    this.extend(chunk.slice(from));
    if (this.waiting.length > 0) this.wake();
  }

  /** The log has ended. */
  end(): void {
    this.finishLine();
    this.over = true;
    this.wake();
  }

  async wait(milliseconds: number): Promise<void> {
    if (this.waiting.length > 0 || this.over) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  take(): Iterable<SeenCalls> {
    const taken = this.waiting;
    this.waiting = [];
    return taken;
  }

  losses(): SourceLosses {
    const { missing, suppressed } = this.lines.missing();
    // What was written without numbers has no gaps, but whoever left something out may have said so.
    const isOther = this.read > 0 && !this.isLog;
    const notes = isOther
      ? [`${plural(this.read, 'line')} read, and none is a record of a denied or logged call`]
      : [];
    return { lost: Math.max(missing, suppressed), notes };
  }

  close(): void {}

  private extend(text: string): void {
    if (this.tooLong) return;
    this.pending += text;
    if (this.pending.length > LONGEST_LINE) {
      this.tooLong = true;
      this.pending = '';
    }
  }

  private finishLine(): void {
    const line = this.pending;
    this.pending = '';
    if (line !== '' || this.tooLong) this.read++;
    if (this.tooLong) {
      this.tooLong = false;
      return;
    }
    const record = this.lines.line(line.endsWith('\r') ? line.slice(0, -1) : line);
    this.isLog ||= record !== undefined;
    if (!record || (record.time ?? Number.POSITIVE_INFINITY) < this.since) return;
    this.waiting.push(seenIn(record));
  }
}

/** A record as a call that was seen; one without a time was made now. */
export function seenIn({ action, time, ...rest }: DenialRecord): SeenCalls {
  return { ...rest, answer: { kind: action }, count: 1, time: time ?? Date.now() };
}
