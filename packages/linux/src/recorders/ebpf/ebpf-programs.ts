import { readFileSync } from 'node:fs';
import { X32_BIT } from '@callgate/engine/internal/syscalls/arch';
import {
  BpfObjects,
  entriesOf,
  lookUp,
  MAP_TYPE,
  rawTracepoint,
  type Tracepoint,
  update,
} from '../../ebpf/bpf-syscall.ts';
import type { KernelTypes } from '../../ebpf/btf.ts';
import { EbpfAssembler, HELPER } from '../../ebpf/ebpf-assembler.ts';
import { nativeNumber } from '../../machine.ts';
import { Counter, type PhaseCount } from '../recorder.ts';
import { type CallLayout, callLayoutOf } from './call-layout.ts';
import { CALL_MACHINE } from './call-machine.ts';
import { bootTime, firstIn, KERNEL_FIRST, storeFirst } from './kernel-firsts.ts';
import { LastTasks } from './last-tasks.ts';
import { AGE, createTurns, type LifeAt, loadAge, turnAge, whenToldToEnd } from './life.ts';
import { ABIS, LIFE_PHASES, NARROW, TABLE, X32 } from './observer-results.ts';
import { followsCurrent, type TaskPaths, TaskView, taskPaths } from './task-view.ts';

/** The tables of an age, padded to a power of two: three ABIs of 512 counters of 8 bytes; numbers above go to a hash. */
const AGE_SIZE = 16384;
/** A CPU's tables, padded: those of three ages. */
const STRIPE = 4 * AGE_SIZE;
/** Beyond that CPUs share; a value of a map has at most 4 MiB on older kernels. */
const MOST_STRIPES = 32;
const ODD_NUMBERS = 16384;
/**
 * The state that the programs share: the recorded cgroup's address, 0 until the first execve; calls lost; tasks that left; the
 * workload's age and main process; how often a task anywhere ended or was moved.
 */
const STATE = { cgroup: 0, lost: 8, left: 16, age: 24, root: 32, changes: 40, size: 48 };
const LIFE: LifeAt = { register: 1, age: STATE.age, root: STATE.root };
/** firsts: a counter's place -> when it was first counted, and who made the call. */
const FIRSTS = 8192;
/** Where that lies on the programs' stack, and copies of tasks. */
const AT_FIRST = -8 - 8 - KERNEL_FIRST.size;
const AT_COPIES = AT_FIRST - 64;
const TASKS = 65536;
const KEY_ZERO = Buffer.alloc(4);
const DENIED = 0x100;

/** What the programs saw. */
export interface KernelCounts {
  readonly counts: readonly PhaseCount[];
  /** What found no place in a hash, and what a program was passed over for, though most of that may be strangers'. */
  readonly lost: number;
  /** How often a task was moved to another cgroup, where it is recorded only if that lies below. */
  readonly left: number;
}

/** The kernel types that the programs need; a name each that is missing makes them impossible. */
interface CounterLayout {
  readonly exec: Tracepoint;
  readonly calls: CallLayout;
  readonly fork: Tracepoint;
  readonly taskFree: Tracepoint;
  readonly attachTask: Tracepoint;
  readonly signal: Tracepoint;
  readonly exit: Tracepoint;
  readonly task: number;
  readonly paths: TaskPaths<CounterMember>;
  readonly followsCurrent: boolean;
  /** Takes a number for a task's address, since Linux 6.2; undefined before, and where calls do not tell their registers. */
  readonly cast: number | undefined;
}

/** What these programs ask of a task; `narrow` is where it says that its call has 32 bits. */
const MEMBERS = {
  tgid: [['task_struct', 'tgid']],
  seccompMode: [['task_struct', 'seccomp.mode']],
  narrow: [['task_struct', CALL_MACHINE?.narrow.member ?? '']],
  cgroup: [
    ['task_struct', 'cgroups'],
    ['css_set', 'dfl_cgrp'],
  ],
} as const;
type CounterMember = keyof typeof MEMBERS;

/** Which of the kernel's types the programs need; undefined when this kernel does not name them. */
export function layoutOf(types: KernelTypes): CounterLayout | undefined {
  const layout = {
    exec: rawTracepoint(types, 'sched_process_exec'),
    fork: rawTracepoint(types, 'sched_process_fork'),
    taskFree: rawTracepoint(types, 'sched_process_free'),
    attachTask: rawTracepoint(types, 'cgroup_attach_task'),
    calls: callLayoutOf(types),
    signal: rawTracepoint(types, 'signal_generate'),
    exit: rawTracepoint(types, 'sched_process_exit'),
    task: types.id('struct', 'task_struct'),
    paths: taskPaths(types, MEMBERS),
    followsCurrent: followsCurrent(types),
  };
  if (Object.values(layout).includes(undefined)) return undefined;
  const tellsRegisters = 'typeId' in layout.calls!.enter;
  const cast = tellsRegisters ? types.id('func', 'bpf_rdonly_cast') : undefined;
  return { ...layout, cast } as CounterLayout;
}

/**
 * The programs that count, in the kernel, every system call of a cgroup by ABI and number. Counting starts with the
 * first execve that succeeds in the cgroup, so the launcher's own calls are left out. A denied call never reaches
 * sys_enter; it is counted behind __secure_computing, which only runs for tasks that have a filter.
 */
export class CountingPrograms {
  private readonly objects = new BpfObjects();
  private readonly layout: CounterLayout;
  private readonly task: TaskView<CounterMember>;
  private readonly stripes: number;
  private readonly state: number;
  private readonly scope: number;
  private readonly counts: number;
  private readonly odd: number;
  private readonly firsts: number;
  private readonly turns: number;
  private readonly lastTasks: LastTasks;
  /** Every recorded task: whether its last call was seen at sys_enter. */
  private readonly tasks: number;
  private readonly countDenied: boolean;

  /** `root` is the workload's main process. */
  constructor(layout: CounterLayout, cgroupPath: string, root: number, countDenied: boolean) {
    this.layout = layout;
    this.task = new TaskView(layout.paths, layout.followsCurrent ? undefined : AT_COPIES);
    this.countDenied = countDenied;
    const cpus = 2 ** Math.ceil(Math.log2(possibleCpus()));
    this.stripes = Math.min(MOST_STRIPES, cpus);
    const { objects } = this;
    try {
      this.state = objects.createMap(MAP_TYPE.array, 4, STATE.size, 1, 'callgate_state');
      const state = Buffer.alloc(STATE.size);
      state.writeUInt32LE(root, STATE.root);
      update(this.state, KEY_ZERO, state);
      this.scope = objects.createCgroupMap(cgroupPath, 'callgate_scope');
      this.counts = objects.createMap(MAP_TYPE.array, 4, STRIPE * this.stripes, 1, 'callgate_counts');
      this.odd = objects.createMap(MAP_TYPE.hash, 8, 8, ODD_NUMBERS, 'callgate_odd');
      this.firsts = objects.createMap(MAP_TYPE.hash, 8, KERNEL_FIRST.size, FIRSTS, 'callgate_firsts');
      this.turns = createTurns(objects);
      this.lastTasks = new LastTasks(objects, cpus, { map: this.state, at: STATE.changes });
      this.tasks = objects.createMap(MAP_TYPE.hash, 8, 8, TASKS, 'callgate_tasks');
      this.attachAll();
    } catch (fault) {
      objects.close();
      throw fault;
    }
  }

  /** What was counted so far. */
  read(): KernelCounts {
    const counter = new Counter();
    const table = lookUp(this.counts, KEY_ZERO, Buffer.alloc(STRIPE * this.stripes));
    const firsts = this.readFirsts();
    for (let at = 0; at < table.length; at += 8) {
      const count = Number(table.readBigUInt64LE(at));
      if (count === 0) continue;
      const place = at % STRIPE;
      const index = (place % AGE_SIZE) / 8;
      const [abi, nr] = [Math.floor(index / TABLE), index % TABLE];
      counter.add({
        ...callOf(abi, nr, Math.floor(place / AGE_SIZE)),
        count,
        denied: 0,
        ...firsts.get(place),
      });
    }
    for (const [key, value] of entriesOf(this.odd, 8, 8)) {
      const group = key.readUInt32LE(4);
      const count = Number(value.readBigUInt64LE());
      const denied = (group & DENIED) !== 0;
      const call = callOf(group & 0xff, key.readUInt32LE(0), group >> 16);
      counter.add({ ...call, count: denied ? 0 : count, denied: denied ? count : 0 });
    }
    const state = lookUp(this.state, KEY_ZERO, Buffer.alloc(STATE.size));
    const [lost, left] = [STATE.lost, STATE.left].map((at) => Number(state.readBigUInt64LE(at)));
    return { counts: counter.result(), lost: lost + this.objects.misses(), left };
  }

  close(): void {
    this.objects.close();
  }

  /** When each counter was first counted, and who made the call. */
  private readFirsts(): Map<number, Pick<PhaseCount, 'process' | 'time'>> {
    const bootedAt = bootTime();
    return new Map(
      [...entriesOf(this.firsts, 8, KERNEL_FIRST.size)].map(([key, value]) => [
        key.readUInt32LE(),
        firstIn(value, 0, bootedAt),
      ]),
    );
  }

  private attachAll(): void {
    const { layout } = this;
    const attach = (program: EbpfAssembler, to: Tracepoint, name: string, mayNotMiss = false) =>
      this.objects.attach(program.bytes(), to, `callgate_${name}`, mayNotMiss);
    attach(this.fork(), layout.fork, 'fork', true);
    attach(this.taskFree(), layout.taskFree, 'free');
    attach(this.attachTask(), layout.attachTask, 'moved');
    attach(this.taskExit(), layout.exit, 'ended');
    if (this.countDenied) attach(this.sysExit(), layout.calls.exit, 'exit', true);
    attach(this.signal(), layout.signal, 'signal');
    attach(this.sysEnter(), layout.calls.enter, 'enter', true);
    attach(this.exec(), layout.exec, 'exec', true);
  }

  /** A call begins: (struct pt_regs *, long id), or an event with the id at the same place. r6 number, r7 task, r8 ABI. */
  private sysEnter(): EbpfAssembler {
    const { layout } = this;
    const a = new EbpfAssembler().load64(6, 1, 8).cut(6);
    if (layout.cast === undefined) {
      this.task.takeCurrent(a);
      this.skipUnlessRecorded(a);
    } else this.lastTasks.knowAgain(a.load64(9, 1, 0), layout.task, layout.cast);
    if (this.countDenied) {
      this.task.load32(a, 1, 'seccompMode').ifEqual(1, 0, 'unfiltered');
      this.mark(a, 1).label('unfiltered');
    }
    this.ifNarrow(a.set(8, 0)).ifAtLeast(6, TABLE, 'odd');
    a.label('known').shiftLeft(8, Math.log2(TABLE)).addRegister(8, 6).move(2, 8).mapValue(1, this.state);
    loadAge(a, LIFE, this.turns);
    a.shiftLeft(8, 3).shiftLeft(3, Math.log2(AGE_SIZE)).addRegister(8, 3);
    a.move(9, 8)
      .call(HELPER.processorId)
      .and(0, this.stripes - 1)
      .shiftLeft(0, Math.log2(STRIPE))
      .addRegister(9, 0);
    a.mapValue(2, this.counts).addRegister(2, 9).load64(1, 2, 0).ifEqual(1, 0, 'new');
    a.label('count it').increment(2).label('out').exit();
    this.keepFirst(a.label('new'));
    a.mapValue(2, this.counts).addRegister(2, 9).jump('count it');
    turnAge(a, LIFE, this.task);
    if (layout.cast !== undefined) this.lastTasks.lookAnew(a, () => this.skipUnlessRecorded(a));
    this.elsewhere(a);
    this.findAbi(a, 'known');
    return this.countOdd(a, 0);
  }

  /** tp_btf/sched_process_exec: the first one in the cgroup is the launcher's, and lets the others count. */
  private exec(): EbpfAssembler {
    const a = new EbpfAssembler().mapValue(9, this.state).load64(1, 9, STATE.cgroup).ifNotEqual(1, 0, 'out');
    a.map(1, this.scope).set(2, 0).call(HELPER.underCgroup).ifNotEqual(0, 1, 'out');
    this.task.load64(this.task.takeCurrent(a), 2, 'cgroup').store64(9, STATE.cgroup, 2);
    const place = nativeNumber('execve') * 8;
    this.keepFirst(a.set(8, place));
    a.mapValue(2, this.counts).increment(2, place);
    this.mark(a, 1).label('out').exit();
    return this.loseOne(a);
  }

  /** A call ends: for a task with a filter, a call that was not seen at sys_enter was denied. */
  private sysExit(): EbpfAssembler {
    const { layout } = this;
    const a = this.task.takeCurrent(layout.calls.take(new EbpfAssembler()));
    // 2 is SECCOMP_MODE_FILTER, 3 a task that its filter has killed.
    this.task.load32(a, 1, 'seccompMode').ifBelow(1, 2, 'out');
    this.skipUnlessRecorded(a);
    this.task
      .storeAddress(a, -8)
      .map(1, this.tasks)
      .move(2, 10)
      .add(2, -8)
      .call(HELPER.mapLookup)
      .ifEqual(0, 0, 'first');
    a.load64(1, 0, 0).ifEqual(1, 0, 'denied').storeConstant64(0, 0, 0).label('out').exit();
    this.elsewhere(a);
    this.mark(a.label('first'), 0).exit();
    a.label('denied').load32(6, 9, layout.calls.number).set(8, 0);
    this.ifNarrow(a).jump('odd');
    this.findAbi(a, undefined);
    return this.countOdd(a, DENIED);
  }

  /** tp_btf/signal_generate: the main process is told to end. */
  private signal(): EbpfAssembler {
    const a = whenToldToEnd(new EbpfAssembler());
    this.task.load32(this.task.take(a, 7), 2, 'tgid').mapValue(1, this.state).load64(3, 1, STATE.root);
    a.ifNotSame(2, 3, 'out').storeConstant64(1, STATE.age, AGE.shutdown);
    return a.label('out').exit();
  }

  /** tp_btf/sched_process_fork(parent, child): a child's first sys_exit has no sys_enter, so it counts as entered. */
  private fork(): EbpfAssembler {
    const a = new EbpfAssembler().load64(7, 1, 8);
    a.map(1, this.scope).set(2, 0).call(HELPER.underCgroup).ifNotEqual(0, 1, 'out');
    this.mark(this.task.take(a, 7), 1).label('out').exit();
    return this.loseOne(a);
  }

  /** tp_btf/sched_process_free(task): its place may be taken by another task. */
  private taskFree(): EbpfAssembler {
    const a = new EbpfAssembler().load64(7, 1, 0).store64(10, -8, 7);
    return a.map(1, this.tasks).move(2, 10).add(2, -8).call(HELPER.mapDelete).exit();
  }

  /** tp_btf/sched_process_exit: its stack may become another task's. */
  private taskExit(): EbpfAssembler {
    return this.lastTasks.forget(new EbpfAssembler()).exit();
  }

  /** tp_btf/cgroup_attach_task(cgroup, path, task, …): a recorded task goes where its calls may not be seen. */
  private attachTask(): EbpfAssembler {
    const a = new EbpfAssembler().load64(6, 1, 0).load64(7, 1, 16).store64(10, -8, 7);
    this.lastTasks
      .forget(a)
      .map(1, this.tasks)
      .move(2, 10)
      .add(2, -8)
      .call(HELPER.mapLookup)
      .ifEqual(0, 0, 'out');
    a.mapValue(2, this.state).load64(3, 2, STATE.cgroup).ifNotSame(6, 3, 'moved').label('out').exit();
    return a.label('moved').increment(2, STATE.left).exit();
  }

  /** Goes on when r7, the current task, is recorded: most often its cgroup is the very one. */
  private skipUnlessRecorded(a: EbpfAssembler): void {
    this.task.load64(a, 2, 'cgroup');
    a.mapValue(1, this.state).load64(3, 1, STATE.cgroup).ifNotSame(2, 3, 'elsewhere').label('recorded');
  }

  /** Behind the fast path: a task of another cgroup is recorded when that lies below the recorded one. */
  private elsewhere(a: EbpfAssembler): void {
    a.label('elsewhere').ifEqual(3, 0, 'out');
    a.map(1, this.scope).set(2, 0).call(HELPER.underCgroup).ifEqual(0, 1, 'recorded').jump('out');
  }

  /** tasks[r7] = value; uses r0 to r4. */
  private mark(a: EbpfAssembler, value: number): EbpfAssembler {
    this.task.storeAddress(a, -8).storeConstant64(10, -16, value).map(1, this.tasks).move(2, 10).add(2, -8);
    return a.move(3, 10).add(3, -16).set(4, 0).call(HELPER.mapUpdate).ifNotEqual(0, 0, 'lost');
  }

  /** Goes to `narrow` when the call of r7 has 32 bits; uses r1. */
  private ifNarrow(a: EbpfAssembler): EbpfAssembler {
    return this.task.load32(a, 1, 'narrow').ifAnyBit(1, CALL_MACHINE!.narrow.mask, 'narrow');
  }

  /** Behind the fast path: numbers that need a second look. Goes to `known` where a table has a place for them. */
  private findAbi(a: EbpfAssembler, known: string | undefined): void {
    a.label('odd');
    if (X32 >= 0) {
      a.if32(6, -1, 'count').ifAnyBit(6, X32_BIT, 'x32').jump('count');
      a.label('x32')
        .set(8, X32)
        .and(6, X32_BIT - 1);
      if (known) a.ifAtLeast(6, TABLE, 'count').jump(known);
      else a.jump('count');
    } else a.jump('count');
    a.label('narrow').set(8, NARROW);
    if (known) a.ifAtLeast(6, TABLE, 'count').jump(known);
  }

  /** firsts[r8] = now, and who; what is there stays. Uses r0 to r5. */
  private keepFirst(a: EbpfAssembler): void {
    storeFirst(a.store64(10, -8, 8), AT_FIRST);
    a.map(1, this.firsts).move(2, 10).add(2, -8).move(3, 10).add(3, AT_FIRST);
    // BPF_NOEXIST
    a.set(4, 1).call(HELPER.mapUpdate);
  }

  /** Counts (ABI, number, age) in the hash. */
  private countOdd(a: EbpfAssembler, group: number): EbpfAssembler {
    a.label('count').mapValue(1, this.state).load64(3, 1, STATE.age).and(3, 3).shiftLeft(3, 16);
    a.addRegister(8, 3).add(8, group).shiftLeft(8, 32).orRegister(8, 6).store64(10, -8, 8);
    this.findOdd(a).ifNotEqual(0, 0, 'found');
    a.storeConstant64(10, -16, 0).map(1, this.odd).move(2, 10).add(2, -8).move(3, 10).add(3, -16);
    // BPF_NOEXIST: another CPU may have been first.
    a.set(4, 1).call(HELPER.mapUpdate);
    this.findOdd(a).ifEqual(0, 0, 'lost').label('found').increment(0).exit();
    return this.loseOne(a);
  }

  private loseOne(a: EbpfAssembler): EbpfAssembler {
    return a.label('lost').mapValue(2, this.state).increment(2, STATE.lost).exit();
  }

  private findOdd(a: EbpfAssembler): EbpfAssembler {
    return a.map(1, this.odd).move(2, 10).add(2, -8).call(HELPER.mapLookup);
  }
}

function callOf(abi: number, nr: number, age: number): Pick<PhaseCount, 'arch' | 'nr' | 'phase'> {
  return { arch: ABIS[abi], nr: abi === X32 ? nr + X32_BIT : nr, phase: LIFE_PHASES[age] };
}

function possibleCpus(): number {
  const text = readFileSync('/sys/devices/system/cpu/possible', 'latin1');
  return Number(/(\d+)\s*$/.exec(text)?.[1] ?? 0) + 1;
}
