import { closeSync } from 'node:fs';
import type { SeccompData } from '@callgate/engine/internal/bpf/vm';
import { FLAG_NEW_LISTENER, FLAG_WAIT_KILLABLE_RECV } from '@callgate/engine/internal/runtime/filter-flags';
import { abiOfCall } from '@callgate/engine/internal/syscalls/arch';
import { type Keeper, startKeeper } from '../../launch/keeper.ts';
import { rootOf } from '../../launch/kill-tree.ts';
import { type Launched, type LaunchPlan, launch } from '../../launch/launch.ts';
import { sharedMemory } from '../../launch/shared-memory.ts';
import { type Libc, libc, POLLHUP, POLLIN, SyscallError } from '../../libc.ts';
import { nativeNumber } from '../../machine.ts';
import { killProcess } from '../../process/kill-process.ts';
import { isProcess, startTimeOf } from '../../process/processes.ts';
import { worthyArguments } from '../argument-masks.ts';
import { Counter, type RecordHooks, type Tally } from '../recorder.ts';
import { FirstCalls } from './first-calls.ts';
import { type Listener, listen } from './listener.ts';

/** SECCOMP_IOCTL_NOTIF_* of linux/seccomp.h, as the generic _IOC numbers them. */
const NOTIF_RECV = 0xc0502100;
const NOTIF_SEND = 0xc0182101;
const NOTIF_SET_FLAGS = 0x40082104;
const FLAG_CONTINUE = 1;
const FD_SYNC_WAKE_UP = 1;
/** struct seccomp_notif. */
const REQUEST_BYTES = 80;
const ENOENT = 2;
const EINTR = 4;
/** SECCOMP_RET_USER_NOTIF: what a filter returns for calls that the supervisor is to judge. */
export const RET_USER_NOTIF = 0x7fc00000;
/** How long one turn of the loop may keep everything else in this process waiting. */
const TURN_MS = 20;
/** How long after the program's end its children are counted. */
const SETTLE_MS = 100;

/** What callgate answers to a call that waits: an errno (0: success without executing), or undefined to let it pass. */
export type Decide = (call: SeccompData) => number | undefined;

/** Which calls ask: all of them, or those alone that a filter does not simply let pass. */
export type Asking = 'every call' | 'some calls';

/** Runs a program whose filter asks a supervisor, answers as `decide` says, and counts what it was asked. */
export async function supervise(
  plan: LaunchPlan,
  hooks: RecordHooks,
  decide: Decide,
  asking: Asking,
): Promise<Tally> {
  // Where every call asks, the keeper is asked, too, and nobody gets far; else it has to look for them.
  const isRare = asking === 'some calls';
  const flags = (plan.flags ?? 0) | FLAG_NEW_LISTENER | FLAG_WAIT_KILLABLE_RECV;
  const deathSignal = isRare ? 0 : undefined;
  const launched = await launch({ ...plan, flags, deathSignal, noNewPrivs: true, stop: hooks.stop });
  let listener: Listener | undefined;
  let session: Session;
  let keeper: Keeper;
  try {
    listener = await listen(launched);
    const shared = sharedMemory(REQUEST_BYTES);
    try {
      const tree = isRare ? rootOf(launched.pid) : undefined;
      keeper = startKeeper({ listens: true, tree }, listener.fd, shared.fd);
    } finally {
      closeSync(shared.fd);
    }
    session = new Session(launched, listener, hooks, decide, shared.memory);
  } catch (fault) {
    // The program waits for an answer that nobody will give.
    launched.child.kill('SIGKILL');
    if (listener) closeSync(listener.fd);
    throw fault;
  }
  const { ending, counts } = await session.run().finally(() => keeper.release());
  return { ending, counts, lost: 0, left: 0, ambiguous: 0, countsDenied: isRare };
}

class Session {
  private readonly launched: Launched;
  private readonly listener: Listener;
  private readonly hooks: RecordHooks;
  private readonly decide: Decide;
  private readonly c: Libc = libc();
  private readonly ioctl = nativeNumber('ioctl');
  private readonly execve = nativeNumber('execve');
  private readonly counter = new Counter();
  private readonly firsts = new FirstCalls();
  /** When each process started, to tell it from another one that gets its number later. */
  private readonly started = new Map<number, string>();
  private stopping = false;
  /** Who waits for an answer; the keeper sees it, too. */
  private readonly request: Buffer;
  private readonly words: Uint32Array;
  private readonly response = Buffer.alloc(24);
  private readonly answer = new BigUint64Array(this.response.buffer, this.response.byteOffset, 3);
  /** struct seccomp_notif_resp: id, val, then error and flags with 32 bits. */
  private readonly words32 = new Int32Array(this.response.buffer, this.response.byteOffset, 6);
  private readonly ids: BigUint64Array;
  /** The launcher's own calls do not count. */
  private armed = false;
  private over = false;

  constructor(launched: Launched, listener: Listener, hooks: RecordHooks, decide: Decide, request: Buffer) {
    this.request = request;
    this.words = new Uint32Array(request.buffer, request.byteOffset, REQUEST_BYTES / 4);
    this.ids = new BigUint64Array(request.buffer, request.byteOffset, REQUEST_BYTES / 8);
    this.decide = decide;
    this.launched = launched;
    this.listener = listener;
    this.hooks = hooks;
  }

  async run() {
    const { fd, running } = this.listener;
    const { ended } = this.launched;
    this.c.syscall(this.ioctl, fd, NOTIF_SET_FLAGS, FD_SYNC_WAKE_UP);
    let failure: unknown;
    this.hooks.started?.(this.launched.pid);
    running.catch((fault) => {
      failure = fault;
    });
    ended.then(() => this.hooks.ended?.());
    // A child shows up with its first call; give it the time to make one.
    ended.then(() => setTimeout(() => this.reportSurvivors(), SETTLE_MS).unref());
    const kill = () => this.kill();
    this.hooks.stop?.addEventListener('abort', kill);
    try {
      await this.serve(fd);
    } finally {
      this.over = true;
      this.hooks.stop?.removeEventListener('abort', kill);
      closeSync(fd);
    }
    const ending = await ended;
    if (failure) throw failure;
    return { ending, counts: this.counter.result() };
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
    if (this.stopping) {
      killProcess(this.words[2]);
      return;
    }
    const call = this.receivedCall();
    const errno = this.decide(call);
    this.note(this.words[2], call, errno !== undefined);
    this.answer[0] = this.ids[0];
    this.words32[4] = -(errno ?? 0);
    this.words32[5] = errno === undefined ? FLAG_CONTINUE : 0;
    this.c.syscall(this.ioctl, fd, NOTIF_SEND, this.response);
    this.words[2] = 0;
  }

  /** struct seccomp_notif: id, pid, flags, then struct seccomp_data: nr, arch, ip, args. */
  private receivedCall(): SeccompData {
    return { nr: this.words[4], arch: this.words[5], ip: this.ids[3], args: [...this.ids.subarray(4, 10)] };
  }

  private note(pid: number, { nr, arch, args }: SeccompData, denied: boolean): void {
    if (!this.started.has(pid)) this.started.set(pid, startTimeOf(pid) ?? '');
    this.armed ||= denied || nr === this.execve;
    const abi = abiOfCall(arch, nr);
    if (!this.armed || !abi) return;
    const first = this.firsts.get(abi.name, nr) ?? this.firsts.set(abi.name, nr, pid);
    const wanted = this.hooks.args && !denied ? worthyArguments(abi.name, nr, args) : undefined;
    this.counter.add({
      arch: abi.name,
      nr,
      count: denied ? 0 : 1,
      denied: denied ? 1 : 0,
      ...first,
      args: wanted,
    });
  }

  /** The listener stays open as long as anybody lives under the filter. */
  private reportSurvivors(): void {
    if (this.over) return;
    const alive = [...this.started.keys()].filter((pid) => this.isOurs(pid) && isProcess(pid));
    this.hooks.waiting?.(Math.max(1, alive.length));
  }

  /** Kills everybody known; those who come later are killed when they ask. */
  private kill(): void {
    this.stopping = true;
    for (const pid of this.started.keys()) if (this.isOurs(pid)) killProcess(pid);
  }

  private isOurs(pid: number): boolean {
    return this.started.get(pid) === startTimeOf(pid);
  }
}
