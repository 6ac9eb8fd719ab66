import { endianness } from 'node:os';
import { decodeProgram } from '@callgate/engine/internal/bpf/encode';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { errnoWords, libc } from '../libc.ts';
import { nativeNumber } from '../machine.ts';
import { isAlive, processStatus, tracerOf } from './processes.ts';

/** linux/ptrace.h */
const PTRACE_DETACH = 17;
const PTRACE_SEIZE = 0x4206;
const PTRACE_INTERRUPT = 0x4207;
const PTRACE_SECCOMP_GET_FILTER = 0x420c;
const PTRACE_EVENT_STOP = 128;
/** linux/wait.h, and CLD_TRAPPED of siginfo */
const P_PID = 1;
const WNOHANG = 1;
const WSTOPPED = 2;
const WEXITED = 4;
const WNOWAIT = 0x1000000;
const CLD_TRAPPED = 4;
/** Where siginfo_t has si_code, si_pid and si_status on every ABI with 64 bits. */
const SI_CODE = 8;
const SI_PID = 16;
const SI_STATUS = 24;
const SIGINFO_SIZE = 128;
const WALL = 0x40000000;

const LITTLE = endianness() === 'LE';
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

  /**
   * The signal that the process was about to get, which it must be given again; 0 for none. The news of the stop is
   * only looked at and not taken, so that the signal is not lost should callgate be killed now.
   */
  waitForStop(): number {
    const info = Buffer.alloc(SIGINFO_SIZE);
    const pause = new Int32Array(new SharedArrayBuffer(4));
    const flags = WSTOPPED | WEXITED | WNOHANG | WNOWAIT | WALL;
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; Atomics.wait(pause, 0, 0, 1)) {
      if (libc().syscall(nativeNumber('waitid'), P_PID, this.pid, info, flags, 0) < 0)
        throw this.refusal(libc().errno());
      const at = (offset: number) => new DataView(info.buffer, info.byteOffset).getInt32(offset, LITTLE);
      if (at(SI_PID) === 0) continue;
      if (at(SI_CODE) !== CLD_TRAPPED) throw this.refusal(ESRCH);
      return at(SI_STATUS) >>> 8 === PTRACE_EVENT_STOP ? 0 : at(SI_STATUS) & 0xff;
    }
    throw new FiltersUnreadable(`process ${this.pid} did not stop; it may be in an uninterruptible sleep`);
  }

  filters(): Program[] {
    const programs: Program[] = [];
    for (;;) {
      const length = this.call(PTRACE_SECCOMP_GET_FILTER, programs.length);
      if (length < 0) {
        // get_nth_filter counts from the oldest one.
        if (libc().errno() === ENOENT) return programs.reverse();
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
      if (!isAlive(pid)) return new FiltersUnreadable(`process ${pid} has ended`);
      const tracer = tracerOf(pid);
      return new FiltersUnreadable(
        tracer && tracer !== process.pid
          ? `process ${pid} is traced by process ${tracer} already`
          : `the filters of process ${pid} may be read by root alone (CAP_SYS_ADMIN)`,
      );
    }
    if (errno === EINVAL || errno === EIO)
      return new FiltersUnreadable('this kernel gives no filters (it lacks CONFIG_CHECKPOINT_RESTORE)');
    return new FiltersUnreadable(`the filters of process ${pid} cannot be read: ${errnoWords(errno)}`);
  }
}
