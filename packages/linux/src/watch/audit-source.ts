import { DenialLines } from '@callgate/engine/internal/logs/denial-lines';
import { AuditListener } from '../kernel-log/audit-listener.ts';
import { seenIn } from './line-source.ts';
import type { SeenCalls, SourceLosses, WatchSource } from './watch-source.ts';

/** The audit socket, which has every record without the kernel log's limit, and says exactly what it dropped. */
export class AuditSource implements WatchSource {
  readonly id = 'audit';
  readonly ended = false;
  private readonly listener: AuditListener;
  private readonly lines = new DenialLines(true);

  /**
   * @param bufferBytes so much of what was not taken yet the kernel keeps.
   * @throws SyscallError without CAP_AUDIT_READ.
   */
  constructor(bufferBytes?: number) {
    this.listener = new AuditListener(bufferBytes);
  }

  async wait(milliseconds: number): Promise<void> {
    await this.listener.wait(milliseconds);
  }

  *take(): Iterable<SeenCalls> {
    for (const text of this.listener.texts()) {
      const record = this.lines.line(`type=1326 ${text}`);
      if (record) yield seenIn(record);
    }
  }

  losses(): SourceLosses {
    return this.listener.losses();
  }

  close(): void {
    this.listener.close();
  }
}
