import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '@callgate/engine/internal/watch/denied-call';
import { readKernelTypes } from '../ebpf/btf.ts';
import { whyOtherNumbers } from '../process/pid-namespace.ts';
import { bootTime } from '../recorders/ebpf/kernel-firsts.ts';
import { denialLayout } from './denial-layout.ts';
import { DenialPrograms, type KernelDenials } from './denial-programs.ts';
import type { SeenCalls, SeenMounts, SourceLosses, WatchedProcesses, WatchSource } from './watch-source.ts';

/** The kernel counts denied calls by itself; the counters are looked at. */
export class EbpfSource implements WatchSource {
  readonly id = 'ebpf';
  readonly ended = false;
  private readonly programs: DenialPrograms;
  private readonly counted = new Map<string, number>();

  /** @throws Error when this kernel, or this user, cannot. */
  constructor(watched: WatchedProcesses) {
    const why = whyOtherNumbers();
    if (why !== undefined) throw new Error(why);
    const types = readKernelTypes();
    const layout = types && denialLayout(types);
    if (!layout) throw new Error('the kernel does not describe the types that it needs');
    this.programs = new DenialPrograms(layout, watched);
  }

  async wait(milliseconds: number): Promise<void> {
    await sleep(milliseconds);
  }

  *take(): Iterable<SeenCalls> {
    const bootedAt = bootTime();
    for (const denials of this.programs.read(process.hrtime.bigint(), (key) => this.counted.delete(key))) {
      const count = denials.count - (this.counted.get(denials.key) ?? 0);
      if (count <= 0) continue;
      this.counted.set(denials.key, denials.count);
      yield seenOf(denials, count, bootedAt);
    }
  }

  /** Where a process lives or lived, as the kernel has seen it. */
  homeOf(pid: number): SeenMounts | undefined {
    return this.programs.homeOf(pid);
  }

  losses(): SourceLosses {
    const { lost, folded, unsure } = this.programs.uncounted();
    const notes = [
      folded > 0 && `${folded} denied calls found no room in the kernel's table`,
      unsure > 0 &&
        `${unsure} calls were under way when watching began and failed as denied ones do: they are not counted`,
    ];
    return { lost: lost + folded, notes: notes.filter((note) => note !== false) };
  }

  close(): void {
    this.programs.close();
  }
}

function seenOf(denials: KernelDenials, count: number, bootedAt: number): SeenCalls {
  const { arch, nr, comm, pid, mountNamespace, mountsId, hostname, cgroup } = denials;
  const time = bootedAt + Number(denials.time / 1_000_000n);
  const mounts = { id: mountsId, number: mountNamespace, hostname, cgroup };
  return { arch, nr, comm, pid, mounts, count, time, answer: answerOf(denials) };
}

function answerOf({ killed, errno }: KernelDenials): Answer {
  return killed ? { kind: 'KILLED' } : { kind: 'REFUSED', errno };
}
