import { closeSync, fstatSync, openSync, readlinkSync } from 'node:fs';
import { processes } from '../process/processes.ts';

/** The inode number of a process's mount namespace; undefined when the process is gone, or may not be looked at. */
export function namespaceOfProcess(pid: number | 'self'): number | undefined {
  try {
    return Number(/\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/ns/mnt`))?.[1]);
  } catch {
    return undefined;
  }
}

/** A mount namespace that is held open: so long as it is, the kernel gives its number to no other. */
export class HeldNamespace {
  private readonly number: number;
  private fd: number | undefined;
  /** Asked first whether it lives there still. */
  private known: number;

  /** @param pid lives in the namespace of that number; when it is gone, so is the namespace. */
  constructor(number: number, pid: number) {
    this.number = number;
    this.known = pid;
    try {
      this.fd = openSync(`/proc/${pid}/ns/mnt`, 'r');
      if (fstatSync(this.fd).ino !== number) this.release();
    } catch {
      // It is gone.
    }
  }

  /** Whether nobody lives there any more. */
  isEmpty(): boolean {
    if (this.fd === undefined) return true;
    const lives = (pid: number) => namespaceOfProcess(pid) === this.number;
    if (!lives(this.known)) this.known = processes().find(lives) ?? 0;
    return this.known === 0;
  }

  release(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }
}
