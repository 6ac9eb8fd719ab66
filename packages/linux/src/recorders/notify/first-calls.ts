import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { commOf } from '../../process/processes.ts';

/** Who made a call first, and when, in milliseconds since 1970. */
interface First {
  readonly process?: string;
  readonly time: number;
}

/** Remembers the first appearance of every call; /proc is asked only then. */
export class FirstCalls {
  private readonly firsts = new Map<string, First>();

  get(arch: AbiName, nr: number): First | undefined {
    return this.firsts.get(`${arch} ${nr}`);
  }

  set(arch: AbiName, nr: number, pid: number): First {
    const first = { process: commOf(pid), time: Date.now() };
    this.firsts.set(`${arch} ${nr}`, first);
    return first;
  }
}
