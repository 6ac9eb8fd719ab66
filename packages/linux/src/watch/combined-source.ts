import type { AuditSource } from './audit-source.ts';
import type { EbpfSource } from './ebpf-source.ts';
import type { SeenCalls, SourceLosses, WatchSource } from './watch-source.ts';

/**
 * eBPF for what was denied, and the audit socket for what eBPF cannot see: calls that were logged and let pass, and those for
 * which a task was killed. No call is counted twice.
 */
export class CombinedSource implements WatchSource {
  readonly id = 'ebpf+audit';
  readonly ended = false;
  private readonly ebpf: EbpfSource;
  private readonly audit: AuditSource;

  constructor(ebpf: EbpfSource, audit: AuditSource) {
    this.ebpf = ebpf;
    this.audit = audit;
  }

  async wait(milliseconds: number): Promise<void> {
    await this.ebpf.wait(milliseconds);
  }

  *take(): Iterable<SeenCalls> {
    for (const seen of this.audit.take()) if (isAudits(seen)) yield this.withHome(seen);
    for (const seen of this.ebpf.take()) if (seen.answer.kind !== 'KILLED') yield seen;
  }

  /** Most who are killed, and many who are logged, have ended before anybody can ask them. */
  private withHome(seen: SeenCalls): SeenCalls {
    const mounts = seen.pid === undefined ? undefined : this.ebpf.homeOf(seen.pid);
    return mounts ? { ...seen, mounts } : seen;
  }

  losses(): SourceLosses {
    const [ebpf, audit] = [this.ebpf.losses(), this.audit.losses()];
    return { lost: ebpf.lost + audit.lost, notes: [...ebpf.notes, ...audit.notes] };
  }

  close(): void {
    this.ebpf.close();
    this.audit.close();
  }
}

function isAudits({ answer }: SeenCalls): boolean {
  return ['LOG', 'KILL_PROCESS', 'KILL_THREAD'].includes(answer.kind);
}
