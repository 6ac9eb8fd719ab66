import { X32_BIT } from '@callgate/engine/internal/syscalls/arch';
import {
  BpfObjects,
  entriesOf,
  lookUp,
  MAP_TYPE,
  type Tracepoint,
  u32,
  update,
} from '../../ebpf/bpf-syscall.ts';
import { EbpfAssembler, HELPER, type Register } from '../../ebpf/ebpf-assembler.ts';
import { nativeNumber } from '../../machine.ts';
import type { PhaseCount } from '../recorder.ts';
import { CALL_MACHINE } from './call-machine.ts';
import { bootTime, storeFirst } from './kernel-firsts.ts';
import { addArguments, createWanted } from './observer-arguments.ts';
import type { ObserverLayout, ObserverMember } from './observer-layout.ts';
import { Lives } from './observer-lives.ts';
import {
  containerOf,
  countsOf,
  DENIED,
  INIT,
  KEY,
  NARROW,
  PHASE,
  tuplesByCall,
  VALUE,
  X32,
} from './observer-results.ts';
import { hasBeginning, type Scope, type SeenContainer, withOffspring } from './scope.ts';
import { TaskView } from './task-view.ts';

const SECCOMP_FILTER = 2;
const CALLS = 65_536;
const TASKS = 65_536;
const STATE = { lost: 0, size: 8 };
/** tasks: phase, whether the present call was seen at sys_enter, the namespace that it was found in. */
const TASK = { size: 24, entered: 8, namespace: 16 };
// Where these lie on the programs' stack.
const AT = {
  key: -64,
  value: -96,
  tid: -104,
  task: -128,
  number: -136,
  init: -168,
  parent: -176,
  // observer-lives.ts keeps things between.
  copies: -280,
};

/**
 * Programs that see, beside how often each call was made, in which phase, by whom first and with which arguments; for tasks that
 * may run already. A task is recorded from its first call in the scope, its children from their birth.
 */
export class ObserverPrograms {
  private readonly objects = new BpfObjects();
  private readonly layout: ObserverLayout;
  private readonly task: TaskView<ObserverMember>;
  private readonly scope: Scope;
  private readonly state: number;
  private readonly calls: number;
  /** The same with arguments, as long as there is room: a call is never lost for want of it. */
  private readonly tuples: number | undefined;
  private readonly tasks: number;
  private readonly roots: number;
  private readonly inits: number;
  readonly lives: Lives;
  private readonly cgroups: number | undefined;
  private readonly wanted: number | undefined;
  /** CLOCK_MONOTONIC, which tasks' start times are in. */
  private readonly began = process.hrtime.bigint();

  constructor(
    layout: ObserverLayout,
    scope: Scope,
    options: { readonly denied: boolean; readonly args: boolean },
  ) {
    this.layout = layout;
    this.task = new TaskView(layout.paths, layout.followsCurrent ? undefined : AT.copies);
    this.scope = scope;
    const { objects } = this;
    const hash = (key: number, value: number, entries: number, name: string) =>
      objects.createMap(MAP_TYPE.hash, key, value, entries, `callgate_${name}`);
    try {
      this.state = objects.createMap(MAP_TYPE.array, 4, STATE.size, 1, 'callgate_state');
      this.calls = hash(KEY.size, VALUE.size, CALLS, 'calls');
      this.tasks = hash(4, TASK.size, TASKS, 'tasks');
      this.roots = hash(4, 8, TASKS, 'roots');
      this.inits = hash(8, INIT.size, 4096, 'inits');
      this.lives = new Lives(objects, this.task, scope);
      this.cgroups =
        scope.kind === 'cgroup' ? objects.createCgroupMap(scope.path, 'callgate_scope') : undefined;
      this.wanted = options.args ? createWanted(objects) : undefined;
      this.tuples = options.args ? hash(KEY.size, VALUE.size, CALLS, 'tuples') : undefined;
      const attach = (program: EbpfAssembler, to: Tracepoint, name: string, mayNotMiss = false) =>
        objects.attach(program.bytes(), to, `callgate_${name}`, mayNotMiss);
      attach(this.exit(), layout.exit, 'gone');
      attach(this.fork(), layout.fork, 'fork', true);
      attach(this.lives.signal(), layout.signal, 'signal');
      if (options.denied) attach(this.sysExit(), layout.calls.exit, 'exit', true);
      attach(this.sysEnter(), layout.calls.enter, 'enter', true);
      attach(this.exec(), layout.exec, 'exec', true);
    } catch (fault) {
      objects.close();
      throw fault;
    }
  }

  /** Processes, with all their threads, that belong to a tree from now on. */
  addRoot(pid: number): void {
    update(this.roots, u32(pid), Buffer.alloc(8, 1));
  }

  /** Whether any recorded task lives. */
  hasTasks(): boolean {
    const [first] = entriesOf(this.tasks, 4, TASK.size);
    return first !== undefined;
  }

  /** Containers that began while this recorded, where the scope is any of them. */
  containers(): SeenContainer[] {
    return [...entriesOf(this.inits, 8, INIT.size)].map(([key, value]) => containerOf(key, value));
  }

  /** What was seen so far, of one container or of all. */
  read(container?: bigint): {
    readonly counts: readonly PhaseCount[];
    readonly lost: number;
    readonly left: 0;
  } {
    const counts: PhaseCount[] = [];
    const wanted = container === undefined ? undefined : withOffspring(container, this.containers());
    const bootedAt = bootTime();
    const isWanted = (key: Buffer) => !wanted || wanted.has(key.readBigUInt64LE(KEY.namespace));
    const tuples = tuplesByCall(
      this.tuples === undefined ? [] : entriesOf(this.tuples, KEY.size, VALUE.size),
    );
    for (const [key, value] of entriesOf(this.calls, KEY.size, VALUE.size))
      if (isWanted(key)) counts.push(...countsOf(key, value, tuples, bootedAt));
    const state = lookUp(this.state, u32(0), Buffer.alloc(STATE.size));
    const lost = Number(state.readBigUInt64LE(STATE.lost)) + this.objects.misses();
    return { counts, lost, left: 0 };
  }

  close(): void {
    this.objects.close();
  }

  /** A call begins: its number is at the same place for both kinds. r6 number, r7 task, r8 phase and then group, r9 arguments. */
  private sysEnter(): EbpfAssembler {
    const a = this.layout.calls.take(new EbpfAssembler()).load64(6, 1, 8).cut(6);
    this.task.takeCurrent(a);
    // A program that is launched, and what it starts, is marked before its first call.
    const marked = this.scope.kind === 'launch';
    this.findTask(a, marked ? 'out' : 'unknown');
    this.ifMoved(a, 'unknown');
    a.storeConstant64(0, TASK.entered, 1).load64(8, 0, 0);
    if (!marked) {
      this.joinScope(a.jump('recorded').label('unknown'), 'out');
      this.mark(a);
      a.label('recorded');
    }
    this.addAbi(a, 8);
    this.lives.addAge(a);
    this.makeKey(a);
    this.countIn(a, this.calls, 'call', 'lost');
    if (this.wanted !== undefined && this.tuples !== undefined) {
      addArguments(a, this.layout, this.wanted, { args: AT.key + KEY.args, number: AT.number });
      this.countIn(a, this.tuples, 'tuple', 'out');
    }
    return this.finish(a);
  }

  /** A call ends: one that was not seen at sys_enter was denied. */
  private sysExit(): EbpfAssembler {
    const a = this.task.takeCurrent(this.layout.calls.take(new EbpfAssembler()));
    this.task.load32(a, 1, 'seccompMode').ifBelow(1, SECCOMP_FILTER, 'out');
    this.findTask(a, 'out');
    a.load64(1, 0, TASK.entered).ifEqual(1, 0, 'denied').storeConstant64(0, TASK.entered, 0).exit();
    a.label('denied').load64(8, 0, 0).load32(6, 9, this.layout.calls.number);
    this.addAbi(a, 8);
    this.lives.addAge(a);
    a.add(8, DENIED);
    this.makeKey(a);
    return this.countKey(a);
  }

  /** tp_btf/sched_process_fork(parent, child): a child of the workload belongs to it; its first sys_exit has no sys_enter. */
  private fork(): EbpfAssembler {
    const a = this.task.take(new EbpfAssembler().load64(7, 1, 0).load64(9, 1, 8), 7);
    this.findTask(a, 'out');
    a.load64(8, 0, 0).ifBelow(8, PHASE.run, 'out').load64(6, 0, TASK.namespace);
    this.mark(this.task.take(a, 9), 6);
    return this.finish(a);
  }

  /** tp_btf/sched_process_exec(task, old pid, …): a process of the scope becomes the workload, or joins it. */
  private exec(): EbpfAssembler {
    const a = this.task.takeCurrent(new EbpfAssembler().load64(6, 1, 8).cut(6));
    this.moveEntry(a);
    if (this.scope.kind === 'tree' || this.scope.kind === 'cgroup') return this.finish(a);
    a.storeConstant64(10, AT.parent, 0);
    this.findTask(a, 'new');
    a.load64(8, 0, 0).ifBelow(8, PHASE.run, 'new').load64(1, 0, TASK.namespace).store64(10, AT.parent, 1);
    this.ifMoved(a, 'new');
    a.jump('out').label('new');
    if (this.scope.kind === 'launch')
      this.task.load32(a, 1, 'tgid').ifNotEqual(1, this.scope.pid, 'out').set(8, PHASE.run);
    else this.beginContainer(a);
    this.mark(a);
    a.set(6, nativeNumber('execve')).shiftLeft(8, 8);
    this.lives.addAge(a);
    this.makeKey(a);
    return this.countKey(a);
  }

  /** tp_btf/sched_process_exit(task): its number may become another's. */
  private exit(): EbpfAssembler {
    const a = this.task.take(new EbpfAssembler().load64(7, 1, 0), 7);
    this.task.load32(a, 1, 'pid').store64(10, AT.tid, 1);
    return a.map(1, this.tasks).move(2, 10).add(2, AT.tid).call(HELPER.mapDelete).exit();
  }

  /** A thread that executes becomes its process's first one, and takes its number: r6 is the one that it had. */
  private moveEntry(a: EbpfAssembler): void {
    const find = (helper: number) => a.map(1, this.tasks).move(2, 10).add(2, AT.tid).call(helper);
    this.task.load32(a, 1, 'pid').ifSame(1, 6, 'moved').store64(10, AT.tid, 6);
    find(HELPER.mapLookup).ifEqual(0, 0, 'moved').load64(8, 0, 0).load64(9, 0, TASK.namespace);
    find(HELPER.mapDelete);
    this.mark(a, 9);
    a.label('moved');
  }

  /** r0 = the entry of r7. */
  private findTask(a: EbpfAssembler, otherwise: string): void {
    this.task.load32(a, 1, 'pid').store64(10, AT.tid, 1);
    a.map(1, this.tasks).move(2, 10).add(2, AT.tid).call(HELPER.mapLookup).ifEqual(0, 0, otherwise);
  }

  /** r8 = the phase in which r7 begins to be recorded; uses r0 to r5. */
  private joinScope(a: EbpfAssembler, otherwise: string): void {
    const { scope } = this;
    switch (scope.kind) {
      case 'launch':
        return;
      case 'cgroup':
        a.map(1, this.cgroups!)
          .set(2, 0)
          .call(HELPER.underCgroup)
          .ifNotEqual(0, 1, otherwise)
          .set(8, PHASE.run);
        return;
      case 'tree':
        this.ifOlder(a, otherwise);
        this.task
          .load32(a, 1, 'tgid')
          .store64(10, AT.number, 1)
          .map(1, this.roots)
          .move(2, 10)
          .add(2, AT.number);
        a.call(HELPER.mapLookup).ifEqual(0, 0, otherwise).set(8, PHASE.run);
        return;
      case 'mounts':
        this.ifInNamespace(a, otherwise);
        if (!hasBeginning(scope)) {
          this.ifOlder(a, 'young');
          a.set(8, PHASE.run).jump('joined').label('young');
        }
        // Before its filter is in force a runtime's own calls are nobody's business.
        this.task.load32(a, 1, 'seccompMode').ifNotEqual(1, SECCOMP_FILTER, otherwise);
        // Once the container's own program has been executed, others join it.
        this.findInit(a);
        a.set(8, PHASE.exec).ifNotEqual(0, 0, 'joined').set(8, PHASE.runtime).label('joined');
    }
  }

  /** Goes on when r7 is older than the recording. */
  private ifOlder(a: EbpfAssembler, otherwise: string): void {
    this.task.load64(a, 1, 'startTime').constant64(2, this.began).ifAtLeastRegister(1, 2, otherwise);
  }

  /** Goes on with r2 = r7's mount namespace when that is in the scope. */
  private ifInNamespace(a: EbpfAssembler, otherwise: string): void {
    this.task.load32(a, 2, 'mountsNumber');
    const { scope } = this;
    if (scope.kind !== 'mounts') return;
    if ('namespace' in scope) a.constant64(3, BigInt(scope.namespace)).ifNotSame(2, 3, otherwise);
    else a.constant64(3, BigInt(scope.otherThan)).ifSame(2, 3, otherwise).ifEqual(2, 0, otherwise);
  }

  /** r0 = whether a program has been executed in r7's namespace; one that ran before always has. */
  private findInit(a: EbpfAssembler): void {
    this.task.load64(a, 2, 'mountsId');
    a.store64(10, AT.number, 2);
    if (!hasBeginning(this.scope)) a.set(0, 1);
    else a.map(1, this.inits).move(2, 10).add(2, AT.number).call(HELPER.mapLookup);
  }

  /** r8 = run for the first process that executes in a namespace, exec for those that join it. */
  private beginContainer(a: EbpfAssembler): void {
    this.ifInNamespace(a, 'out');
    this.findInit(a);
    a.set(8, PHASE.exec).ifNotEqual(0, 0, 'begun').set(8, PHASE.run);
    this.task.load32(a, 2, 'mountsNumber');
    this.task.load32(a, 1, 'tgid').shiftLeft(2, 32).orRegister(1, 2).store64(10, AT.init, 1);
    a.load64(1, 10, AT.parent).store64(10, AT.init + INIT.parent, 1);
    this.task.load64(a, 3, 'uts').add(3, this.layout.hostname);
    a.move(1, 10)
      .add(1, AT.init + INIT.hostname)
      .set(2, INIT.parent - INIT.hostname)
      .call(HELPER.readKernel);
    a.map(1, this.inits)
      .move(2, 10)
      .add(2, AT.number)
      .move(3, 10)
      .add(3, AT.init)
      .set(4, 0)
      .call(HELPER.mapUpdate);
    this.lives.beginHere(a);
    a.label('begun');
  }

  /** Where any namespace may be a container: goes on when r7, whose entry is r0, is still in the one that it was found in. */
  private ifMoved(a: EbpfAssembler, otherwise: string): void {
    if (this.scope.kind !== 'mounts' || 'namespace' in this.scope) return;
    this.task.load64(a, 2, 'mountsId');
    a.load64(1, 0, TASK.namespace).ifNotSame(1, 2, otherwise);
  }

  /** tasks[r7] = phase r8, found in a namespace: its present one, or that in a register; uses r0 to r5. */
  private mark(a: EbpfAssembler, namespace?: Register): void {
    if (namespace === undefined) this.task.load64(a, 2, 'mountsId');
    a.store64(10, AT.task + TASK.namespace, namespace ?? 2);
    this.task.load32(a, 1, 'pid').store64(10, AT.tid, 1);
    a.store64(10, AT.task, 8).storeConstant64(10, AT.task + TASK.entered, 1);
    a.map(1, this.tasks).move(2, 10).add(2, AT.tid).move(3, 10).add(3, AT.task).set(4, 0);
    a.call(HELPER.mapUpdate).ifNotEqual(0, 0, 'lost');
  }

  /** r8 = group: the ABI of the call r6, and the phase that r8 was. */
  private addAbi(a: EbpfAssembler, group: Register): void {
    this.task.load32(a.shiftLeft(group, 8), 1, 'narrow').ifAnyBit(1, CALL_MACHINE!.narrow.mask, 'narrow');
    if (X32 >= 0) {
      a.if32(6, -1, 'abi').ifAnyBit(6, X32_BIT, 'x32').jump('abi');
      a.label('x32').add(group, X32);
    }
    a.jump('abi').label('narrow').add(group, NARROW).label('abi');
  }

  /** The key of call r6 of group r8, without arguments. */
  private makeKey(a: EbpfAssembler): void {
    a.move(1, 8).shiftLeft(1, 32).orRegister(1, 6).store64(10, AT.key, 1);
    this.task.load64(a, 1, 'mountsId');
    a.store64(10, AT.key + KEY.namespace, 1);
    for (let i = 0; i < 6; i++) a.storeConstant64(10, AT.key + KEY.args + i * 8, 0);
  }

  private countKey(a: EbpfAssembler): EbpfAssembler {
    this.countIn(a, this.calls, 'call', 'lost');
    return this.finish(a);
  }

  /** Adds one to the key's count in a map; the first time it also keeps when, and by whom. Goes to `full` without room. */
  private countIn(a: EbpfAssembler, map: number, name: string, full: string): void {
    this.findKey(a, map).ifNotEqual(0, 0, `${name} found`);
    storeFirst(a.storeConstant64(10, AT.value, 0), AT.value + VALUE.first);
    a.map(1, map).move(2, 10).add(2, AT.key).move(3, 10).add(3, AT.value);
    // BPF_NOEXIST: another CPU may have been first.
    a.set(4, 1).call(HELPER.mapUpdate);
    this.findKey(a, map).ifEqual(0, 0, full).label(`${name} found`).increment(0);
  }

  private findKey(a: EbpfAssembler, map: number): EbpfAssembler {
    return a.map(1, map).move(2, 10).add(2, AT.key).call(HELPER.mapLookup);
  }

  private finish(a: EbpfAssembler): EbpfAssembler {
    a.label('out').exit();
    return a.label('lost').mapValue(2, this.state).increment(2, STATE.lost).exit();
  }
}
