import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ftrace } from '@callgate/engine/internal/logs/formats/raw-syscalls';
import type { LoggedCall } from '@callgate/engine/internal/logs/log-tally';
import { LogStream } from '@callgate/engine/internal/logs/read-log';
import { leftBehindIn } from '../../leavings/left-behind-in.ts';
import { ownName } from '../../leavings/own-name.ts';
import { nativeNumber, thisMachine } from '../../machine.ts';
import { processStatus } from '../../process/processes.ts';
import { observeInCgroup, whyNoCgroup } from '../cgroup-scope.ts';
import type { PhaseCount, Recorder } from '../recorder.ts';
import { traceFolder } from '../trace-folder.ts';
import { readAvailable } from './read-available.ts';

const CAP_SYS_ADMIN = 1n << 21n;
/** A CPU; what finds no place is lost, and counted. */
const BUFFER_KB = 16_384;

/** A trace instance of callgate's own, which follows the program and its children. */
export const tracefs: Recorder = {
  id: 'tracefs',
  about:
    'tracefs: needs root but no eBPF, costs hundreds of nanoseconds a call; cannot tell i386 calls apart',

  unavailable() {
    if (process.platform !== 'linux') return 'this is not Linux';
    if ((processStatus('self').effectiveCapabilities & CAP_SYS_ADMIN) === 0n)
      return 'it needs root (CAP_SYS_ADMIN)';
    const noCgroup = whyNoCgroup();
    if (noCgroup) return noCgroup;
    if (!traceFolder()) return 'tracefs is not mounted (mount -t tracefs tracefs /sys/kernel/tracing)';
    try {
      new TraceInstance().remove();
      return undefined;
    } catch (fault) {
      return `no trace instance can be made (${fault instanceof Error ? fault.message : fault})`;
    }
  },

  record: (plan, hooks = {}) =>
    observeInCgroup('tracefs', plan, hooks, (pid) => {
      const machine = thisMachine().abi.name;
      const log = new LogStream({ machine, wantsArguments: hooks.args, format: ftrace });
      const events = new FromExecve(log, pid);
      const trace = TraceInstance.following(pid);
      return {
        take: () => trace.readInto(events),
        result() {
          trace.readInto(events);
          const { calls } = log.end()!.contents;
          return {
            counts: calls.flatMap(countsOf),
            lost: trace.lost(),
            left: 0,
            ambiguous: calls.reduce((sum, call) => sum + (call.arch === undefined ? call.executed : 0), 0),
            countsDenied: false,
          };
        },
        close: () => trace.remove(),
        folders: [trace.path],
      };
    }),
};

/** The tracepoint has no ABI; only x32 shows in the number. */
function countsOf(call: LoggedCall): PhaseCount[] {
  const { arch = thisMachine().abi.name, nr, executed, process, args } = call;
  const isAssumed = call.arch === undefined;
  const about = {
    arch,
    nr: nr!,
    denied: 0,
    ...(isAssumed && { assumed: true }),
    ...(process !== undefined && { process }),
  };
  if (!args) return [{ ...about, count: executed }];
  return args.map(({ values, count }) => ({ ...about, count, args: values }));
}

/** Passes on what comes from the launcher's execve on: what is before is callgate's own. */
class FromExecve {
  private readonly log: LogStream;
  private readonly begin: RegExp;
  private before: string | undefined = '';

  constructor(log: LogStream, launcher: number) {
    this.log = log;
    this.begin = new RegExp(`^.*-${launcher} .*sys_enter: NR ${nativeNumber('execve')}\\b`, 'm');
  }

  push(text: string): void {
    if (this.before === undefined) {
      this.log.push(text);
      return;
    }
    this.before += text;
    const found = this.begin.exec(this.before);
    if (!found) return;
    this.log.push(this.before.slice(found.index));
    this.before = undefined;
  }
}

/** A trace instance; whatever happens, it is to be removed. */
class TraceInstance {
  readonly path: string;
  private readonly pipe: number;

  constructor() {
    const instances = join(traceFolder()!, 'instances');
    removeAbandoned(instances);
    this.path = join(instances, ownName('trace'));
    mkdirSync(this.path);
    this.pipe = openSync(join(this.path, 'trace_pipe'), constants.O_RDONLY | constants.O_NONBLOCK);
  }

  /** One that gets the calls of a process and its descendants. */
  static following(pid: number): TraceInstance {
    const trace = new TraceInstance();
    try {
      trace.follow(pid);
      return trace;
    } catch (fault) {
      trace.remove();
      throw fault;
    }
  }

  private follow(pid: number): void {
    this.set('buffer_size_kb', String(BUFFER_KB));
    this.set('options/event-fork', '1');
    this.set('set_event_pid', String(pid));
    this.set('events/raw_syscalls/sys_enter/enable', '1');
  }

  readInto(sink: { push(text: string): void }): void {
    readAvailable(this.pipe, sink);
  }

  /** Events that found no place in a CPU's buffer. */
  lost(): number {
    const folder = join(this.path, 'per_cpu');
    return readdirSync(folder)
      .map((cpu) => readFileSync(join(folder, cpu, 'stats'), 'latin1'))
      .flatMap((stats) => [...stats.matchAll(/^(?:overrun|commit overrun|dropped events): (\d+)$/gm)])
      .reduce((sum, [, count]) => sum + Number(count), 0);
  }

  remove(): void {
    closeSync(this.pipe);
    rmdirSync(this.path);
  }

  private set(file: string, value: string): void {
    writeFileSync(join(this.path, file), value);
  }
}

/** Instances that a callgate which was killed has left behind. */
function removeAbandoned(instances: string): void {
  for (const instance of leftBehindIn(instances))
    try {
      rmdirSync(instance);
    } catch {
      // Somebody still reads it.
    }
}
