import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { decodeProgram } from '@callgate/engine/bpf/encode';
import type { Program } from '@callgate/engine/bpf/instruction';
import { libc } from './libc.ts';
import { nativeNumber, processStatus } from './machine.ts';

/** linux/ptrace.h */
const PTRACE_DETACH = 17;
const PTRACE_SEIZE = 0x4206;
const PTRACE_INTERRUPT = 0x4207;
const PTRACE_SECCOMP_GET_FILTER = 0x420c;
const PTRACE_EVENT_STOP = 128;
/** linux/wait.h */
const WNOHANG = 1;
const WALL = 0x40000000;

const EPERM = 1;
const ENOENT = 2;
const ESRCH = 3;
const EIO = 5;
const EACCES = 13;
const EINVAL = 22;

/** How long a process may take to stop; one in an uninterruptible sleep does not. */
const PATIENCE_MS = 3000;

/** The filters of a process cannot be read; the message says why. */
export class FiltersUnreadable extends Error {}

/**
 * The filters of a process (of the thread with that id), the newest first, as they were installed; none if it has
 * none. The process stands still for some microseconds. No JavaScript but this runs in between, so it is always resumed;
 * should callgate be killed, the kernel resumes it. Needs CAP_SYS_ADMIN and a kernel with CONFIG_CHECKPOINT_RESTORE.
 */
export function readFilters(pid: number): Program[] {
  const { seccomp } = statusOf(pid);
  if (seccomp === 0) return [];
  if (seccomp === 1)
    throw new FiltersUnreadable(`process ${pid} is in seccomp's strict mode, which has no filter`);
  const ptrace = new Ptrace(pid);
  ptrace.attach();
  try {
    const signal = ptrace.waitForStop();
    try {
      return ptrace.filters();
    } finally {
      ptrace.detach(signal);
    }
  } finally {
    ptrace.forget();
  }
}

const CAP_SYS_ADMIN = 21n;

/** Why the kernel would not give this process the filters of others; undefined when it may (kernel/seccomp.c: get_seccomp_filter). */
export function filtersReadable(): string | undefined {
  const { effectiveCapabilities, seccomp } = processStatus('self');
  if (((effectiveCapabilities >> CAP_SYS_ADMIN) & 1n) === 0n) return 'it needs root (CAP_SYS_ADMIN)';
  return seccomp === 0 ? undefined : 'callgate itself runs under a filter';
}

function statusOf(pid: number) {
  try {
    return processStatus(pid);
  } catch {
    throw new FiltersUnreadable(`there is no process ${pid}`);
  }
}

class Ptrace {
  private readonly pid: number;
  private readonly nr = nativeNumber('ptrace');

  constructor(pid: number) {
    this.pid = pid;
  }

  attach(): void {
    if (this.call(PTRACE_SEIZE) < 0) throw this.refusal(libc().errno());
    if (this.call(PTRACE_INTERRUPT) < 0) throw this.refusal(libc().errno());
  }

  /** Resolves to the signal that the process was about to get, which it must be given again; 0 for none. */
  waitForStop(): number {
    const status = Buffer.alloc(8);
    const pause = new Int32Array(new SharedArrayBuffer(4));
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; Atomics.wait(pause, 0, 0, 1)) {
      const got = libc().syscall(nativeNumber('wait4'), this.pid, status, WNOHANG | WALL, 0);
      if (got < 0) throw this.refusal(libc().errno());
      if (got === 0) continue;
      const word = endianness() === 'LE' ? status.readUInt32LE() : status.readUInt32BE();
      if ((word & 0xff) !== 0x7f) throw this.refusal(ESRCH);
      return word >>> 16 === PTRACE_EVENT_STOP ? 0 : (word >>> 8) & 0xff;
    }
    throw new FiltersUnreadable(`process ${this.pid} did not stop; it may be in an uninterruptible sleep`);
  }

  filters(): Program[] {
    const programs: Program[] = [];
    for (;;) {
      const length = this.call(PTRACE_SECCOMP_GET_FILTER, programs.length);
      if (length < 0) {
        if (libc().errno() === ENOENT) return programs;
        throw this.refusal(libc().errno());
      }
      const bytes = Buffer.alloc(length * 8);
      if (this.call(PTRACE_SECCOMP_GET_FILTER, programs.length, bytes) < 0)
        throw this.refusal(libc().errno());
      programs.push(decodeProgram(bytes, endianness() === 'LE' ? 'little' : 'big')!);
    }
  }

  detach(signal: number): void {
    this.call(PTRACE_DETACH, 0, signal);
  }

  /** Takes the news of the process's end, if that is what came, so that no zombie stays. */
  forget(): void {
    libc().syscall(nativeNumber('wait4'), this.pid, 0, WNOHANG | WALL, 0);
  }

  private call(request: number, address = 0, data: number | Buffer = 0): number {
    return libc().syscall(this.nr, request, this.pid, address, data);
  }

  private refusal(errno: number): FiltersUnreadable {
    const { pid } = this;
    if (errno === ESRCH) return new FiltersUnreadable(`process ${pid} has ended`);
    if (errno === EPERM || errno === EACCES) {
      const tracer = tracerOf(pid);
      return new FiltersUnreadable(
        tracer
          ? `process ${pid} is traced by process ${tracer} already`
          : `the filters of process ${pid} may be read by root alone (CAP_SYS_ADMIN)`,
      );
    }
    if (errno === EINVAL || errno === EIO)
      return new FiltersUnreadable('this kernel gives no filters (it lacks CONFIG_CHECKPOINT_RESTORE)');
    return new FiltersUnreadable(`the filters of process ${pid} cannot be read: errno ${errno}`);
  }
}

function tracerOf(pid: number): number {
  try {
    return Number(/^TracerPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
