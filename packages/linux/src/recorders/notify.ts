import { closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Instruction, instruction, type Program } from '@callgate/engine/bpf/instruction';
import * as op from '@callgate/engine/bpf/opcodes';
import { abiOfCall } from '@callgate/engine/syscalls/arch';
import { FLAG_NEW_LISTENER, FLAG_WAIT_KILLABLE_RECV, type Launched, launch } from '../launch.ts';
import { type Libc, libc, POLLHUP, POLLIN, SyscallError } from '../libc.ts';
import { nativeNumber, processStatus, thisMachine } from '../machine.ts';
import { Counter, type Recorder, type RecordHooks } from './recorder.ts';

/** SECCOMP_IOCTL_NOTIF_* of linux/seccomp.h, as the generic _IOC numbers them. */
const NOTIF_RECV = 0xc0502100;
const NOTIF_SEND = 0xc0182101;
const NOTIF_SET_FLAGS = 0x40082104;
const FLAG_CONTINUE = 1;
const FD_SYNC_WAKE_UP = 1;
const ENOENT = 2;
const EINTR = 4;
const RET_USER_NOTIF = 0x7fc00000;
const NOTIFY_ALL: Program = [instruction(op.RET_K, RET_USER_NOTIF)] satisfies Instruction[];
/** How long one turn of the loop may keep everything else in this process waiting. */
const TURN_MS = 20;
/** How long after the program's end its children are counted. */
const SETTLE_MS = 100;

/** Every call waits until callgate has written it down: exact, needs no privilege, costs about 20 µs a call. */
export const notify: Recorder = {
  id: 'notify',
  about: 'user notification: exact, no root needed, about 20 µs a call',

  unavailable() {
    if (process.platform !== 'linux') return 'this is not Linux';
    const { kernel } = thisMachine();
    if (kernel.major < 5 || (kernel.major === 5 && kernel.minor < 6)) return 'it needs Linux 5.6 or newer';
    if (processStatus('self').seccomp === 2 && !canListen())
      return 'this process is itself supervised by seccomp';
    return undefined;
  },

  async record(plan, hooks = {}) {
    const { kernel } = thisMachine();
    const killable = kernel.major > 5 || (kernel.major === 5 && kernel.minor >= 19);
    const launched = await launch({
      ...plan,
      filter: NOTIFY_ALL,
      flags: FLAG_NEW_LISTENER | (killable ? FLAG_WAIT_KILLABLE_RECV : 0),
      noNewPrivs: true,
    });
    const listener = await listen(launched);
    return new Session(launched, listener, hooks).run();
  },
};

/** A filter with a listener that this process lives under would leave no room for another one. */
function canListen(): boolean {
  return !readdirSync('/proc/self/fd').some((fd) => isListener(`/proc/self/fd/${fd}`));
}

function isListener(path: string): boolean {
  try {
    return readlinkSync(path) === 'anon_inode:seccomp notify';
  } catch {
    return false;
  }
}

interface Listener {
  readonly fd: number;
  /** Settles as launched.go() does. */
  readonly running: Promise<void>;
}

/** Lets the launcher install its filter, and takes the listener from it. */
async function listen(launched: Launched): Promise<Listener> {
  const running = launched.go();
  running.catch(() => {});
  const fds = `/proc/${launched.pid}/fd`;
  for (let patience = 5000; patience > 0; patience--) {
    const theirs = openFiles(fds).find((fd) => isListener(`${fds}/${fd}`));
    if (theirs !== undefined) return { fd: takeDescriptor(launched.pid, Number(theirs)), running };
    const over = await Promise.race([sleep(1), running.then(() => true)]);
    if (over) break;
  }
  await running;
  throw new Error('the filter has no listener');
}

function openFiles(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function takeDescriptor(pid: number, fd: number): number {
  const c = libc();
  const pidfd = c.syscall(nativeNumber('pidfd_open'), pid);
  if (pidfd < 0) throw new SyscallError('pidfd_open', c.errno());
  const mine = c.syscall(nativeNumber('pidfd_getfd'), pidfd, fd);
  const errno = c.errno();
  closeSync(pidfd);
  if (mine < 0) throw new SyscallError('pidfd_getfd', errno);
  return mine;
}

class Session {
  private readonly launched: Launched;
  private readonly listener: Listener;
  private readonly hooks: RecordHooks;
  private readonly c: Libc = libc();
  private readonly ioctl = nativeNumber('ioctl');
  private readonly execve = nativeNumber('execve');
  private readonly counter = new Counter();
  private readonly pids = new Set<number>();
  private readonly request = Buffer.alloc(80);
  private readonly words = new Uint32Array(this.request.buffer, this.request.byteOffset, 20);
  private readonly response = Buffer.alloc(24);
  private readonly answer = new BigUint64Array(this.response.buffer, this.response.byteOffset, 3);
  private readonly flags = new Uint32Array(this.response.buffer, this.response.byteOffset, 6);
  private readonly ids = new BigUint64Array(this.request.buffer, this.request.byteOffset, 10);
  /** The launcher's own calls do not count. */
  private armed = false;

  constructor(launched: Launched, listener: Listener, hooks: RecordHooks) {
    this.launched = launched;
    this.listener = listener;
    this.hooks = hooks;
  }

  async run() {
    const { fd, running } = this.listener;
    const { ended } = this.launched;
    this.c.syscall(this.ioctl, fd, NOTIF_SET_FLAGS, FD_SYNC_WAKE_UP);
    let failure: unknown;
    running
      .then(() => this.hooks.started?.(this.launched.pid))
      .catch((fault) => {
        failure = fault;
      });
    // A child shows up with its first call; give it the time to make one.
    ended.then(() => setTimeout(() => this.reportSurvivors(), SETTLE_MS).unref());
    const kill = () => this.kill();
    this.hooks.stop?.addEventListener('abort', kill);
    try {
      await this.serve(fd);
    } finally {
      this.hooks.stop?.removeEventListener('abort', kill);
      closeSync(fd);
    }
    const ending = await ended;
    if (failure) throw failure;
    return { ending, counts: this.counter.result(), lost: 0, ambiguous: 0, countsDenied: false };
  }

  /** Answers until nobody is left under the filter. */
  private async serve(fd: number): Promise<void> {
    for (;;) {
      const turnEnds = performance.now() + TURN_MS;
      let events = this.c.pollNow(fd, 1);
      while ((events & POLLIN) !== 0) {
        this.letPass(fd);
        events = performance.now() < turnEnds ? this.c.pollNow(fd, 1) : 0;
      }
      if ((events & POLLHUP) !== 0) return;
      const ready = performance.now() >= turnEnds ? 0 : await this.c.poll(fd, 100);
      if ((ready & POLLIN) === 0 && (ready & POLLHUP) !== 0) return;
      await new Promise(setImmediate);
    }
  }

  private letPass(fd: number): void {
    this.request.fill(0);
    if (this.c.syscall(this.ioctl, fd, NOTIF_RECV, this.request) < 0) {
      const errno = this.c.errno();
      // ENOENT: the caller was killed meanwhile.
      if (errno === ENOENT || errno === EINTR) return;
      throw new SyscallError('receiving a notification', errno);
    }
    this.note(this.words[2], this.words[4], this.words[5]);
    this.answer[0] = this.ids[0];
    this.flags[5] = FLAG_CONTINUE;
    this.c.syscall(this.ioctl, fd, NOTIF_SEND, this.response);
  }

  private note(pid: number, nr: number, auditArch: number): void {
    this.pids.add(pid);
    this.armed ||= nr === this.execve;
    const abi = abiOfCall(auditArch, nr);
    if (this.armed && abi) this.counter.add(abi.name, nr, 1);
  }

  private reportSurvivors(): void {
    const alive = [...this.pids].filter((pid) => isGroupLeader(pid));
    if (alive.length > 0) this.hooks.waiting?.(alive.length);
  }

  private kill(): void {
    for (const pid of this.pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
  }
}

function isGroupLeader(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return status.includes(`\nTgid:\t${pid}\n`) && !/^State:\s+[ZX]/m.test(status);
  } catch {
    return false;
  }
}
