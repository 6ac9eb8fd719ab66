import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LifePart, Recording } from '@callgate/engine/internal/recording/recording';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import { containerdTask } from '../container/containerd-task.ts';
import { type Container, findContainer } from '../container/containers.ts';
import { readKernelTypes } from '../ebpf/btf.ts';
import { thisMachine } from '../machine.ts';
import { isPopulated } from '../process/cgroup.ts';
import { whyOtherNumbers } from '../process/pid-namespace.ts';
import {
  callInProgress,
  commandLineOf,
  commOf,
  isAlive,
  processes,
  processOf,
  processStatus,
  threadsOf,
  treeOf,
} from '../process/processes.ts';
import { AskedEngines } from './asked-engines.ts';
import { containerOf, isOfRuntime } from './container-start.ts';
import { CALL_MACHINE } from './ebpf/call-machine.ts';
import { observerLayout } from './ebpf/observer-layout.ts';
import { ObserverPrograms } from './ebpf/observer-programs.ts';
import type { Scope, SeenContainer } from './ebpf/scope.ts';
import { HeldNamespace, namespaceOfProcess } from './mount-namespace.ts';
import { type RecordedContainer, recordingOf } from './record.ts';
import type { PhaseCount } from './recorder.ts';

/** What runs already, or will run, and is to be recorded. */
export type AttachTarget =
  | { readonly kind: 'pid'; readonly pid: number }
  | { readonly kind: 'cgroup'; readonly path: string }
  | { readonly kind: 'container'; readonly reference: string; readonly wait: boolean }
  /** A container that is about to be started: its id as soon as that is known, and what it is called until then. */
  | { readonly kind: 'coming'; readonly called: string; readonly id: () => string | undefined }
  /** A container that an OCI runtime has created and not started, by its process. */
  | { readonly kind: 'created'; readonly pid: number };

/** It cannot be recorded: it does not run, or the kernel says no. */
export class NotAttachable extends Error {}

export interface AttachHooks {
  /** It is recorded from now on; `what` names it. */
  attached?(what: string): void;
  /** A container is waited for. */
  waiting?(): void;
  readonly args?: boolean;
  /** When aborted, the recording ends; what is recorded goes on. */
  readonly stop?: AbortSignal;
}

/** A recording that is going on. */
export interface Attached {
  /** What was seen so far. */
  snapshot(): Recording;
  /** Resolves when everything that is recorded has ended, or when told to stop. */
  readonly ended: Promise<void>;
  /** Takes the programs out of the kernel. */
  close(): void;
}

const POLL_MS = 20;
const WHOLE_ID = /^[0-9a-f]{64}$/;
/** So long after some container has begun, engines are asked whether it is the one; later they are asked less often. */
const EAGER_MS = 3000;
const LAZY_MS = 500;

/** Begins to record something that callgate does not start itself. Needs root and eBPF. */
export async function attach(target: AttachTarget, hooks: AttachHooks = {}): Promise<Attached> {
  switch (target.kind) {
    case 'pid':
      return attachToTree(target.pid, hooks);
    case 'cgroup':
      return attachToCgroup(target.path, hooks);
    case 'created':
      return attachToMounts(target.pid, false, ['container'], hooks);
    case 'container':
      return attachToContainer(target, hooks);
    case 'coming':
      return waitForContainer(target.called, target.id, hooks);
  }
}

async function attachToContainer(
  { reference, wait }: { readonly reference: string; readonly wait: boolean },
  hooks: AttachHooks,
): Promise<Attached> {
  const found = await findContainer(reference);
  if (found?.pid !== undefined) return attachToMounts(found.pid, true, [reference], hooks);
  if (wait) return waitForContainer(reference, () => reference, hooks);
  throw new NotAttachable(
    found
      ? `the container ${reference} does not run; --wait records it from its start`
      : `there is no container ${reference}; --wait records it from its start`,
  );
}

/** Every namespace but this one is recorded until the container has shown which one is its own. */
async function waitForContainer(
  called: string,
  reference: () => string | undefined,
  hooks: AttachHooks,
): Promise<Attached> {
  const started = new Date();
  const before = new Set(processes().map(namespaceOfProcess));
  const scope: Scope = { kind: 'mounts', otherThan: mountNamespace('self') };
  const programs = observer(scope, { denied: true, args: hooks.args ?? false });
  try {
    hooks.waiting?.();
    const {
      id,
      namespace: number,
      pid,
    } = await begunContainer(called, reference, programs, {
      before,
      stop: hooks.stop,
    });
    const namespace = new HeldNamespace(number, pid);
    hooks.attached?.(called);
    return session(programs, {
      container: id,
      first: pid,
      command: [called],
      started,
      lacks: [],
      over: () => namespace.isEmpty(),
      close: () => namespace.release(),
      stop: hooks.stop,
    });
  } catch (fault) {
    programs.close();
    throw fault;
  }
}

/**
 * A container, once it has begun, even when it has ended before anybody could look.
 * @param before the mount namespaces that were there before it.
 */
async function begunContainer(
  called: string,
  referenceOf: () => string | undefined,
  programs: ObserverPrograms,
  { before, stop }: { readonly before: ReadonlySet<number | undefined>; readonly stop?: AbortSignal },
): Promise<SeenContainer> {
  let known: Container | undefined;
  const engines = new AskedEngines();
  let [count, grew] = [0, 0];
  while (!stop?.aborted) {
    const reference = referenceOf();
    if (reference === undefined) {
      await sleep(POLL_MS);
      continue;
    }
    // containerd forgets a container when it has ended; its process may be gone before somebody looks.
    const kept = containerdTask(reference);
    if (kept) known = { id: kept.id, pid: kept.init };
    const began = programs.containers();
    const now = Date.now();
    if (began.length > count) grew = now;
    count = began.length;
    // An engine may have forgotten it by now, and is slower in any case.
    const named = WHOLE_ID.test(reference) ? among({ id: reference }, began) : undefined;
    if (named) return named;
    if (count > 0 && !known) engines.ask(reference, now - grew < EAGER_MS ? 0 : LAZY_MS);
    const container = known ?? engines.answer();
    const own = container && among(container, began);
    if (own !== undefined) return own;
    await sleep(POLL_MS);
  }
  // One that has ended and has a host name of its own is known by being the only one.
  const reference = referenceOf();
  const [only, ...others] = programs
    .containers()
    .filter(({ parent, namespace }) => parent === 0n && !before.has(namespace));
  if (only && others.length === 0 && reference !== undefined && !isOfAnother(only, reference)) return only;
  throw new NotAttachable(`stopped before a container ${called} began`);
}

function among({ pid, id }: Container, began: readonly SeenContainer[]): SeenContainer | undefined {
  // When it has ended: its host name is by default the beginning of its id.
  return pid === undefined
    ? began.find((c) => c.hostname.length >= 12 && id.startsWith(c.hostname))
    : began.find((c) => c.pid === pid);
}

/** Whether a container has the host name that engines give to one of another id. */
function isOfAnother({ hostname }: SeenContainer, reference: string): boolean {
  return /^[0-9a-f]{12}$/.test(hostname) && WHOLE_ID.test(reference) && !reference.startsWith(hostname);
}

async function attachToMounts(
  pid: number,
  running: boolean,
  command: readonly string[],
  hooks: AttachHooks,
): Promise<Attached> {
  const namespace = mountNamespace(pid);
  if (namespace === mountNamespace('self'))
    throw new NotAttachable(`process ${pid} has no mount namespace of its own; record it with --pid`);
  // Held before the programs know its number, so that it is no other's when they look.
  const held = new HeldNamespace(namespace, pid);
  try {
    const started = new Date();
    const programs = observer(
      { kind: 'mounts', namespace, running },
      { denied: true, args: hooks.args ?? false },
    );
    if (running) programs.lives.begin('steady', pid);
    const begun = running
      ? callsInProgress(processes().filter((other) => namespaceOfProcess(other) === namespace))
      : [];
    hooks.attached?.(command.join(' '));
    return session(programs, {
      begun,
      command,
      first: pid,
      started,
      lacks: running ? ['startup'] : [],
      over: () => held.isEmpty(),
      close: () => held.release(),
      stop: hooks.stop,
    });
  } catch (fault) {
    held.release();
    throw fault;
  }
}

async function attachToTree(pid: number, hooks: AttachHooks): Promise<Attached> {
  if (!existsSync(`/proc/${pid}`)) throw new NotAttachable(`there is no process ${pid}`);
  const owner = processOf(pid);
  if (owner !== pid)
    throw new NotAttachable(`${pid} is a thread of process ${owner}; record that one: --pid ${owner}`);
  if (isCreatedContainer(pid)) return attachToMounts(pid, false, [`process ${pid}`], hooks);
  const denied = processStatus(pid).seccomp !== 0;
  const started = new Date();
  const command = commandLineOf(pid);
  const programs = observer({ kind: 'tree' }, { denied, args: hooks.args ?? false });
  programs.lives.begin('steady', pid);
  const roots = new Set<number>();
  // A child that is born while the tree is looked at is found by the next look.
  for (let before = -1; before !== roots.size; ) {
    before = roots.size;
    for (const member of treeOf(pid)) {
      roots.add(member);
      programs.addRoot(member);
    }
  }
  const begun = callsInProgress([...roots]);
  hooks.attached?.(`process ${pid}`);
  const over = () => !isAlive(pid) && !programs.hasTasks();
  return session(programs, { command, started, lacks: ['startup'], over, stop: hooks.stop, denied, begun });
}

async function attachToCgroup(path: string, hooks: AttachHooks): Promise<Attached> {
  const events = `${path}/cgroup.events`;
  if (!existsSync(events)) throw new NotAttachable(`${path} is no folder of cgroup v2`);
  const started = new Date();
  const programs = observer({ kind: 'cgroup', path }, { denied: true, args: hooks.args ?? false });
  const lacks: LifePart[] = isPopulated(path) ? ['startup'] : [];
  programs.lives.begin(lacks.length > 0 ? 'steady' : 'startup');
  hooks.attached?.(path);
  return session(programs, {
    command: [path],
    started,
    lacks,
    over: () => !existsSync(events),
    isEmpty: () => !isPopulated(path),
    stop: hooks.stop,
  });
}

function observer(
  scope: Scope,
  options: { readonly denied: boolean; readonly args: boolean },
): ObserverPrograms {
  if (!CALL_MACHINE) throw new NotAttachable(`the eBPF programs are not written for ${process.arch}`);
  const why = scope.kind === 'cgroup' ? undefined : whyOtherNumbers();
  if (why !== undefined) throw new NotAttachable(why);
  const types = readKernelTypes();
  const layout = types && observerLayout(types);
  if (!layout)
    throw new NotAttachable(
      'the kernel does not describe the types that eBPF needs (/sys/kernel/btf/vmlinux)',
    );
  return new ObserverPrograms(layout, scope, options);
}

function session(
  programs: ObserverPrograms,
  about: {
    /** The one that is meant, where others are seen too. */
    readonly container?: bigint;
    readonly command: readonly string[];
    readonly started: Date;
    /** The first process of a container. */
    readonly first?: number;
    /** What is over before the recording began. */
    readonly lacks: readonly LifePart[];
    readonly over: () => boolean;
    /** Lets go of what `over` needs. */
    readonly close?: () => void;
    /** Whether everything has ended though others may come. */
    readonly isEmpty?: () => boolean;
    readonly stop?: AbortSignal;
    readonly denied?: boolean;
    /** Calls that had begun before; they count where they were not seen again. */
    readonly begun?: readonly Begun[];
  },
): Attached {
  const { first } = about;
  let container: RecordedContainer | undefined = first === undefined ? undefined : {};
  const ended = (async () => {
    while (!about.stop?.aborted && !about.over()) {
      if (first !== undefined && !container?.capabilities) container = containerOf(first);
      await sleep(POLL_MS);
    }
  })();
  return {
    ended,
    snapshot() {
      const { counts: seen, lost } = programs.read(about.container);
      const counts = withBegun(seen, about.begun ?? []);
      const lacks: LifePart[] = (about.isEmpty ?? about.over)()
        ? [...about.lacks]
        : [...about.lacks, 'shutdown'];
      const tally = { counts, lost, left: 0, ambiguous: 0, countsDenied: about.denied ?? true, lacks };
      return recordingOf(tally, 'ebpf', about.command, about.started, container);
    },
    close() {
      programs.close();
      about.close?.();
    },
  };
}

/** The inode number of a process's mount namespace; throws NotAttachable when the process is gone. */
function mountNamespace(pid: number | 'self'): number {
  const namespace = namespaceOfProcess(pid);
  if (namespace === undefined) throw new NotAttachable(`process ${pid} is gone, or may not be looked at`);
  return namespace;
}

/** The process of an OCI runtime that waits to become a container's program: what it does before that is the runtime's. */
function isCreatedContainer(pid: number): boolean {
  return isOfRuntime(pid) && mountNamespace(pid) !== mountNamespace('self');
}

/** A call that a thread was in when the recording began. */
interface Begun {
  readonly arch: AbiName;
  readonly nr: number;
  readonly process?: string;
}

/** What the threads of processes are waiting in: a server may wait in it for as long as it is recorded. */
function callsInProgress(pids: readonly number[]): Begun[] {
  return pids.flatMap((pid) => {
    const arch = abiOfProcess(pid);
    return threadsOf(pid).flatMap((tid) => {
      const nr = callInProgress(tid);
      return arch !== undefined && nr !== undefined ? [{ arch, nr, process: commOf(tid) }] : [];
    });
  });
}

function withBegun(seen: readonly PhaseCount[], begun: readonly Begun[]): readonly PhaseCount[] {
  const known = new Set(seen.map((c) => `${c.arch} ${c.nr}`));
  const missing = new Map(begun.map((call) => [`${call.arch} ${call.nr}`, call]));
  for (const key of known) missing.delete(key);
  return [
    ...seen,
    ...[...missing.values()].map((call): PhaseCount => ({ ...call, phase: 'steady', count: 1, denied: 0 })),
  ];
}

/** By the class of its program: a process of 32 bits makes calls of 32 bits. */
function abiOfProcess(pid: number): AbiName | undefined {
  const { abi } = thisMachine();
  try {
    const header = Buffer.alloc(5);
    const fd = openSync(`/proc/${pid}/exe`, 'r');
    readSync(fd, header);
    closeSync(fd);
    return header[4] === 1 ? abi.subAbis[0] : abi.name;
  } catch {
    return undefined;
  }
}
