import { X32_BIT } from '@callgate/engine/internal/syscalls/arch';
import { BpfObjects, entriesOf, find, lookUp, MAP_TYPE, remove } from '../ebpf/bpf-syscall.ts';
import { EbpfAssembler, HELPER } from '../ebpf/ebpf-assembler.ts';
import { CALL_MACHINE } from '../recorders/ebpf/call-machine.ts';
import { commIn } from '../recorders/ebpf/kernel-firsts.ts';
import { ABIS, NARROW, X32 } from '../recorders/ebpf/observer-results.ts';
import { TaskView } from '../recorders/ebpf/task-view.ts';
import type { DenialLayout, DenialMember } from './denial-layout.ts';
import type { SeenMounts, WatchedProcesses } from './watch-source.ts';

/** Tasks with a filter at a time, and kinds of denied calls. */
const TASKS = 65_536;
const KINDS = 8192;
/** Kinds that nobody has seen for so long make room, once half of it is taken. */
const IDLE_NS = 60_000_000_000n;
/** Numbers from here on no call has; all of them count as one. */
const NUMBERS = 1024;
const NO_NUMBER = 0xffff;
/** denials: mount namespace, number, ABI, errno -> count, when last, who, the namespace's number, names. */
const KEY = { size: 24, mounts: 0, nr: 8, abi: 12, errno: 16 };
const VALUE = { size: 280, count: 0, time: 8, pid: 16, mounts: 20, comm: 24, names: 40 };
/** homes, the latest: a process with a filter -> its mount namespace, that one's number, names. */
const HOMES = 8192;
const HOME = { size: 256, mounts: 0, number: 8, names: 16 };
const COMM = 16;
/** Host name, cgroup, and the one that it is in. */
const NAMES = { hostname: 0, cgroup: 48, parent: 144, size: 240 };
const KILLED = 0x100;
/** What the programs share: calls that nobody judged, kinds that found no room, calls under way when watching began. */
const STATE = { lost: 0, folded: 8, unsure: 16, size: 24 };
/** The programs' stack. */
const AT = {
  task: -8,
  mark: -16,
  key: -48,
  value: -48 - VALUE.size,
  comm: -64 - VALUE.size,
  errno: -72 - VALUE.size,
  copies: -152 - VALUE.size,
};
/** SECCOMP_MODE_FILTER, and what a task is in after its filter has killed it. */
const [MODE_FILTER, MODE_DEAD] = [2, 3];
/** The errnos that filters are most often told to give: EPERM, EACCES, ENOSYS. */
const LIKELY = [1, 13, 38];

/** Denied calls of one kind since watching began. */
export interface KernelDenials {
  /** What tells this kind from every other. */
  readonly key: string;
  readonly arch: (typeof ABIS)[number];
  readonly nr: number | undefined;
  /** 0: it was not made, and returned no error. */
  readonly errno: number;
  readonly killed: boolean;
  readonly count: number;
  /** Nanoseconds since boot. */
  readonly time: bigint;
  readonly pid: number;
  /** A byte a character. */
  readonly comm: string;
  /** The namespace's number, which comes again, and what tells it from later ones. */
  readonly mountNamespace: number;
  readonly mountsId: bigint;
  readonly hostname: string;
  readonly cgroup: string;
}

/** What the programs could not count. */
export interface UncountedDenials {
  /** Calls of which nobody knows whether they were denied. */
  readonly lost: number;
  /** Denied calls whose kind found no room. */
  readonly folded: number;
  /** Calls that were under way when watching began, and failed as denied ones do. */
  readonly unsure: number;
}

/**
 * Programs that count denied calls of the whole machine, in maps that do not grow. A call that is denied never reaches sys_enter,
 * yet it does reach sys_exit: so of a task that has a filter, an exit without an enter is a denial.
 */
export class DenialPrograms {
  private readonly objects = new BpfObjects();
  private readonly layout: DenialLayout;
  private readonly watched: WatchedProcesses;
  private readonly task: TaskView<DenialMember>;
  private readonly state: number;
  /** Every task with a filter: whether its last call was seen at sys_enter. */
  private readonly tasks: number;
  private readonly denials: number;
  private readonly homes: number;

  /** @throws SyscallError when the kernel does not take the programs. */
  constructor(layout: DenialLayout, watched: WatchedProcesses) {
    this.layout = layout;
    this.watched = watched;
    this.task = new TaskView(layout.paths, layout.followsCurrent ? undefined : AT.copies);
    const { objects } = this;
    try {
      this.state = objects.createMap(MAP_TYPE.array, 4, STATE.size, 1, 'callgate_state');
      this.tasks = objects.createMap(MAP_TYPE.hash, 8, 8, TASKS, 'callgate_tasks');
      this.denials = objects.createMap(MAP_TYPE.hash, KEY.size, VALUE.size, KINDS, 'callgate_denials');
      this.homes = objects.createMap(MAP_TYPE.recentHash, 8, HOME.size, HOMES, 'callgate_homes');
      const attach = (program: EbpfAssembler, to: typeof layout.fork, name: string, mayNotMiss: boolean) =>
        objects.attach(program.bytes(), to, `callgate_${name}`, mayNotMiss);
      attach(this.taskFree(), layout.taskFree, 'free', false);
      attach(this.fork(), layout.fork, 'fork', true);
      attach(this.sysEnter(), layout.calls.enter, 'enter', true);
      attach(this.sysExit(), layout.calls.exit, 'exit', true);
    } catch (fault) {
      objects.close();
      throw fault;
    }
  }

  /** What was counted so far. Kinds that were idle for long leave when it gets crowded, and begin anew. */
  *read(now: bigint, forgotten: (key: string) => void): Iterable<KernelDenials> {
    const entries = [...entriesOf(this.denials, KEY.size, VALUE.size)];
    for (const [key, value] of entries) yield denialsIn(key, value);
    if (entries.length < KINDS / 2) return;
    for (const [key, value] of entries) {
      if (now - value.readBigUInt64LE(VALUE.time) < IDLE_NS) continue;
      remove(this.denials, key);
      forgotten(key.toString('latin1'));
    }
  }

  /** Where a process lives or lived that had a filter; undefined when that was long ago, or before watching began. */
  homeOf(pid: number): SeenMounts | undefined {
    const key = Buffer.alloc(8);
    key.writeUInt32LE(pid);
    const value = find(this.homes, key, HOME.size);
    return (
      value && {
        id: value.readBigUInt64LE(HOME.mounts),
        number: value.readUInt32LE(HOME.number),
        ...namesIn(value, HOME.names),
      }
    );
  }

  uncounted(): UncountedDenials {
    const state = lookUp(this.state, Buffer.alloc(4), Buffer.alloc(STATE.size));
    const [lost, folded, unsure] = [STATE.lost, STATE.folded, STATE.unsure].map((at) =>
      Number(state.readBigUInt64LE(at)),
    );
    return { lost: lost + this.objects.misses(), folded, unsure };
  }

  close(): void {
    this.objects.close();
  }

  /** A call begins, so it was not denied. */
  private sysEnter(): EbpfAssembler {
    const a = this.task.takeCurrent(new EbpfAssembler());
    this.task.load32(a, 1, 'seccompMode').ifBelow(1, MODE_FILTER, 'out');
    this.mark(a, 1).label('out').exit();
    return this.loseOne(a);
  }

  /** tp_btf/sched_process_fork(parent, child): a child's first sys_exit has no sys_enter, so it counts as entered. */
  private fork(): EbpfAssembler {
    const a = this.task.take(new EbpfAssembler().load64(7, 1, 8), 7);
    this.task.load32(a, 1, 'seccompMode').ifBelow(1, MODE_FILTER, 'out');
    this.storeHome(this.mark(a, 1)).label('out').exit();
    return this.loseOne(a);
  }

  /** tp_btf/sched_process_free(task): its place may be taken by another task. */
  private taskFree(): EbpfAssembler {
    const a = new EbpfAssembler().load64(7, 1, 0).store64(10, AT.task, 7);
    return a.map(1, this.tasks).move(2, 10).add(2, AT.task).call(HELPER.mapDelete).exit();
  }

  /** A call ends: (struct pt_regs *, long result), or an event with both. r6 number, r7 task, r8 ABI, r9 registers. */
  private sysExit(): EbpfAssembler {
    const { layout } = this;
    const result = 'typeId' in layout.calls.exit ? 8 : 16;
    const a = new EbpfAssembler().load64(6, 1, result).store64(10, AT.errno, 6);
    this.task.takeCurrent(layout.calls.take(a));
    this.task.load32(a, 1, 'seccompMode').ifBelow(1, MODE_FILTER, 'out');
    this.task.storeAddress(a, AT.task).map(1, this.tasks).move(2, 10).add(2, AT.task);
    a.call(HELPER.mapLookup).ifEqual(0, 0, 'first');
    a.load64(1, 0, 0).ifEqual(1, 0, 'denied').storeConstant64(0, 0, 0).label('out').exit();
    this.takeFirst(a);
    a.label('denied');
    this.skipOthers(a);
    this.findCall(a);
    this.storeKey(a);
    this.count(a);
    return this.loseOne(a);
  }

  /** A task that has not been seen before was in the middle of a call, which may have been denied or not. */
  private takeFirst(a: EbpfAssembler): void {
    this.storeHome(this.mark(a.label('first'), 0)).load64(6, 10, AT.errno);
    for (const errno of LIKELY) a.ifEqual(6, -errno, 'unsure');
    a.exit().label('unsure').mapValue(2, this.state).increment(2, STATE.unsure).exit();
  }

  /** homes[process of r7] = where it lives; uses r0 to r5. */
  private storeHome(a: EbpfAssembler): EbpfAssembler {
    this.task.load32(a, 1, 'tgid').store64(10, AT.key, 1);
    this.task.load64(a, 1, 'mountsId').store64(10, AT.value + HOME.mounts, 1);
    this.task.load32(a, 1, 'mountsNumber').store64(10, AT.value + HOME.number, 1);
    this.storeNames(a, AT.value + HOME.names);
    a.map(1, this.homes).move(2, 10).add(2, AT.key).move(3, 10).add(3, AT.value).set(4, 0);
    return a.call(HELPER.mapUpdate);
  }

  /** Copies the names by which r7's container may be known to that place on the stack; uses r0 to r5. */
  private storeNames(a: EbpfAssembler, to: number): void {
    for (let at = 0; at < NAMES.size; at += 8) a.storeConstant64(10, to + at, 0);
    const copy = (at: number, end: number) =>
      a
        .move(1, 10)
        .add(1, to + at)
        .set(2, end - at)
        .call(HELPER.readKernelString);
    this.task.load64(a, 3, 'uts').add(3, this.layout.hostname);
    copy(NAMES.hostname, NAMES.cgroup);
    this.task.load64(a, 3, 'cgroup');
    copy(NAMES.cgroup, NAMES.parent);
    this.task.load64(a, 3, 'parentCgroup');
    copy(NAMES.parent, NAMES.size);
  }

  /** Goes on for those whose calls are wanted. */
  private skipOthers(a: EbpfAssembler): void {
    const { pid, comm } = this.watched;
    if (pid !== undefined) this.task.load32(a, 1, 'tgid').ifNotEqual(1, pid, 'out');
    if (comm === undefined) return;
    const wanted = Buffer.alloc(COMM);
    wanted.write(comm, 0, COMM - 1, 'latin1');
    a.move(1, 10).add(1, AT.comm).set(2, COMM).call(HELPER.currentComm);
    for (const at of [0, 8])
      a.load64(1, 10, AT.comm + at)
        .constant64(2, wanted.readBigInt64LE(at))
        .ifNotSame(1, 2, 'out');
  }

  /** r6 = the number, r8 = the ABI, and whether it was deadly. */
  private findCall(a: EbpfAssembler): void {
    a.load32(6, 9, this.layout.calls.number).set(8, 0);
    this.task.load32(a, 1, 'narrow').ifAnyBit(1, CALL_MACHINE!.narrow.mask, 'narrow');
    if (X32 >= 0) {
      a.if32(6, -1, 'abi known').ifAnyBit(6, X32_BIT, 'x32').jump('abi known');
      a.label('x32')
        .set(8, X32)
        .and(6, X32_BIT - 1)
        .jump('abi known');
    } else a.jump('abi known');
    a.label('narrow').set(8, NARROW).label('abi known');
    a.ifBelow(6, NUMBERS, 'number known').set(6, NO_NUMBER).label('number known');
    this.task.load32(a, 1, 'seccompMode').ifNotEqual(1, MODE_DEAD, 'alive').add(8, KILLED);
    a.storeConstant64(10, AT.errno, 0).label('alive');
  }

  private storeKey(a: EbpfAssembler): void {
    this.task.load64(a, 1, 'mountsId').store64(10, AT.key + KEY.mounts, 1);
    a.shiftLeft(8, 32)
      .orRegister(8, 6)
      .store64(10, AT.key + KEY.nr, 8);
    // What is no errno, is none.
    a.load64(1, 10, AT.errno).ifAtLeast(1, -4095, 'errno').set(1, 0).label('errno');
    a.store64(10, AT.key + KEY.errno, 1);
  }

  private count(a: EbpfAssembler): void {
    this.find(a).ifNotEqual(0, 0, 'found');
    for (let at = 0; at < VALUE.size; at += 8) a.storeConstant64(10, AT.value + at, 0);
    this.storeNames(a, AT.value + VALUE.names);
    a.map(1, this.denials).move(2, 10).add(2, AT.key).move(3, 10).add(3, AT.value);
    // BPF_NOEXIST: another CPU may have been first.
    a.set(4, 1).call(HELPER.mapUpdate);
    this.find(a).ifNotEqual(0, 0, 'found').mapValue(2, this.state).increment(2, STATE.folded).exit();
    a.label('found').move(9, 0).increment(9, VALUE.count).call(HELPER.time).store64(9, VALUE.time, 0);
    this.task.load32(a, 1, 'mountsNumber').shiftLeft(1, 32).move(6, 1);
    this.task.load32(a, 1, 'tgid').orRegister(1, 6).store64(9, VALUE.pid, 1);
    a.move(1, 9).add(1, VALUE.comm).set(2, COMM).call(HELPER.currentComm).exit();
  }

  private find(a: EbpfAssembler): EbpfAssembler {
    return a.map(1, this.denials).move(2, 10).add(2, AT.key).call(HELPER.mapLookup);
  }

  /** tasks[r7] = value; uses r0 to r4. */
  private mark(a: EbpfAssembler, value: number): EbpfAssembler {
    this.task.storeAddress(a, AT.task).storeConstant64(10, AT.mark, value).map(1, this.tasks);
    a.move(2, 10).add(2, AT.task).move(3, 10).add(3, AT.mark).set(4, 0);
    return a.call(HELPER.mapUpdate).ifNotEqual(0, 0, 'lost');
  }

  private loseOne(a: EbpfAssembler): EbpfAssembler {
    return a.label('lost').mapValue(2, this.state).increment(2, STATE.lost).exit();
  }
}

function denialsIn(key: Buffer, value: Buffer): KernelDenials {
  const number = key.readUInt32LE(KEY.nr);
  const abi = key.readUInt32LE(KEY.abi);
  const arch = ABIS[abi & 0xff];
  const nr = number === NO_NUMBER ? undefined : number + (arch === 'x32' ? X32_BIT : 0);
  return {
    key: key.toString('latin1'),
    arch,
    nr,
    errno: -Number(BigInt.asIntN(32, key.readBigUInt64LE(KEY.errno))),
    killed: (abi & KILLED) !== 0,
    count: Number(value.readBigUInt64LE(VALUE.count)),
    time: value.readBigUInt64LE(VALUE.time),
    pid: value.readUInt32LE(VALUE.pid),
    comm: commIn(value, VALUE.comm),
    mountsId: key.readBigUInt64LE(KEY.mounts),
    mountNamespace: value.readUInt32LE(VALUE.mounts),
    ...namesIn(value, VALUE.names),
  };
}

function namesIn(value: Buffer, at: number): { readonly hostname: string; readonly cgroup: string } {
  const text = (from: number, to: number) =>
    value.toString('latin1', at + from, at + to).replace(/\0[\s\S]*$/, '');
  const [name, parent] = [text(NAMES.cgroup, NAMES.parent), text(NAMES.parent, NAMES.size)];
  return { hostname: text(NAMES.hostname, NAMES.cgroup), cgroup: `/${parent}/${name}` };
}
