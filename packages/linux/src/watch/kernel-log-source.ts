import { closeSync, constants, openSync, readSync } from 'node:fs';
import { DenialLines } from '@callgate/engine/internal/logs/denial-lines';
import { libc } from '../libc.ts';
import { seenIn } from './line-source.ts';
import type { SeenCalls, SourceLosses, WatchSource } from './watch-source.ts';

const RECORD = 8192;

/** The kernel's log, which the kernel itself limits to a few records in five seconds; what it left out is told by their numbers. */
export class KernelLogSource implements WatchSource {
  readonly id = 'kernel-log';
  readonly ended = false;
  private readonly fd: number;
  private readonly lines = new DenialLines(true);
  private readonly buffer = Buffer.alloc(RECORD);
  private overruns = 0;
  private readonly since: number;

  /**
   * @param since with what is there from that time on, in milliseconds since 1970; undefined: only what comes.
   * @throws when this user may not read it.
   */
  constructor(since?: number) {
    this.fd = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK);
    this.since = since ?? 0;
    if (since === undefined) for (const _ of this.records());
    this.overruns = 0;
  }

  async wait(milliseconds: number): Promise<void> {
    await libc().poll(this.fd, milliseconds);
  }

  *take(): Iterable<SeenCalls> {
    for (const text of this.records()) {
      const line = text.slice(0, Math.max(0, text.indexOf('\n')));
      const record = this.lines.line(line);
      if (record && (record.time ?? Number.POSITIVE_INFINITY) >= this.since) yield seenIn(record);
    }
  }

  losses(): SourceLosses {
    const { missing } = this.lines.missing();
    const notes =
      this.overruns > 0 ? [`the kernel log was overwritten ${this.overruns} times before it was read`] : [];
    return { lost: missing, notes };
  }

  close(): void {
    closeSync(this.fd);
  }

  private *records(): Iterable<string> {
    for (;;) {
      try {
        yield this.buffer.toString('latin1', 0, readSync(this.fd, this.buffer));
      } catch (fault) {
        const { code } = fault as NodeJS.ErrnoException;
        if (code === 'EAGAIN') return;
        // EPIPE: what was not read yet has been overwritten; reading goes on with what is there.
        if (code !== 'EPIPE' && code !== 'EINVAL') throw fault;
        this.overruns += 1;
      }
    }
  }
}
