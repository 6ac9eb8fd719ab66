import { closeSync, constants, openSync } from 'node:fs';
import { constants as system } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { strace as format } from '@callgate/engine/internal/logs/formats/strace';
import type { LoggedCall } from '@callgate/engine/internal/logs/log-tally';
import { LogStream } from '@callgate/engine/internal/logs/read-log';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { startKeeper } from '../../launch/keeper.ts';
import { type Launched, launch } from '../../launch/launch.ts';
import { thisMachine } from '../../machine.ts';
import { findProgram } from '../../process/find-program.ts';
import { killProcess } from '../../process/kill-process.ts';
import { childrenOf, processes, tracerOf } from '../../process/processes.ts';
import type { PhaseCount, Recorder, RecordHooks } from '../recorder.ts';
import { readAvailable } from './read-available.ts';
import { StracePipe } from './strace-pipe.ts';

const READ_EVERY_MS = 5;
const MOST_PAUSE_MS = 200;

/** strace as a recorder: slow, and where nothing else works. */
export const strace: Recorder = {
  id: 'strace',
  about: 'strace, if it is installed: needs no root, costs hundreds of microseconds a call',

  unavailable() {
    if (process.platform !== 'linux') return 'this is not Linux';
    try {
      findProgram('strace', process.env.PATH);
      return undefined;
    } catch {
      return 'strace is not installed';
    }
  },

  async record(plan, hooks = {}) {
    const pipe = new StracePipe();
    try {
      const keeper = startKeeper({ files: [pipe.path], folders: [pipe.folder] });
      const fd = openSync(pipe.path, constants.O_RDONLY | constants.O_NONBLOCK);
      const log = new LogStream({ machine: thisMachine().abi.name, wantsArguments: hooks.args, format });
      try {
        const found = findProgram(plan.command[0], plan.env.PATH);
        const [, ...args] = plan.command;
        // Notices of processes that go to another ABI stay; they are the reason why quiet is not -q.
        const flags = ['-f', '-n', '--quiet=attach,exit', '--signal=none', '-o', pipe.path, '--'];
        const launched = await launch({
          ...plan,
          command: ['strace', ...flags, found, ...args],
          // What it traces goes on untraced then: no other process may end it.
          deathSignal: system.signals.SIGKILL,
        });
        await launched.go();
        let over = false;
        const ended = launched.ended.finally(() => {
          over = true;
        });
        let program: number | undefined;
        let left: Promise<void> | undefined;
        const beginning = new LogBeginning();
        const read = () => {
          readAvailable(fd, { push: (text) => [beginning, log].forEach((sink) => void sink.push(text)) });
          if (program !== undefined || beginning.program === undefined) return;
          program = beginning.program;
          hooks.started?.(program);
          left = reportLeft(launched.pid, program, hooks, () => over);
        };
        // What is read at the end comes after the loop.
        hooks.looking?.(() => over || read());
        let [pause, killAt] = [READ_EVERY_MS, 0];
        for (; !over; await sleep(READ_EVERY_MS)) {
          read();
          // Again and again: strace may just have been trying out ptrace, with a child for that alone. But ever more rarely:
          // whom a busy machine lets run seldom is stopped before it gets anywhere.
          if (!hooks.stop?.aborted || Date.now() < killAt) continue;
          killTraced(launched, program !== undefined);
          killAt = Date.now() + pause;
          pause = Math.min(2 * pause, MOST_PAUSE_MS);
        }
        read();
        await left;
        const calls = log.end()!.contents.calls;
        const counts = calls.flatMap(countsOf);
        const ambiguous = calls.reduce((sum, c) => sum + (c.arch === undefined ? c.executed : 0), 0);
        return { ending: await ended, counts, lost: 0, left: 0, ambiguous, countsDenied: false };
      } finally {
        hooks.looking?.(() => {});
        closeSync(fd);
        pipe.remove();
        await keeper.release();
      }
    } catch (fault) {
      pipe.remove();
      throw fault;
    }
  },
};

/**
 * What strace writes first: the process that it started, and how executing the program went. Signals are for that process. It
 * is not looked for among strace's children: there are others, by which strace tries out ptrace, and it may be gone at once.
 */
class LogBeginning {
  private text = '';

  push(text: string): void {
    if (!this.text.includes('\n')) this.text += text;
  }

  /** Undefined while that is not known, and where the kernel did not take the program. */
  get program(): number | undefined {
    const pid = /^(\d+) .*execve\(.*\) += 0\n/.exec(this.text)?.[1];
    return pid === undefined ? undefined : Number(pid);
  }
}

/** strace goes on until the last of the program's children is gone. */
async function reportLeft(
  pid: number,
  program: number,
  hooks: RecordHooks,
  over: () => boolean,
): Promise<void> {
  while (!over() && childrenOf(pid).includes(program)) await sleep(READ_EVERY_MS);
  hooks.ended?.();
  await sleep(4 * READ_EVERY_MS);
  const left = over() ? 0 : tracedBy(pid).length;
  if (left > 0) hooks.waiting?.(left);
}

function tracedBy(pid: number): number[] {
  return processes().filter((other) => tracerOf(other) === pid);
}

/** Kills what strace traces: then it ends, with the program's status. Where there is nothing yet, kills strace itself. */
function killTraced({ pid, child }: Launched, hasStarted: boolean): void {
  // Stopped, it cannot start another one meanwhile.
  child.kill('SIGSTOP');
  const victims = new Set([...tracedBy(pid), ...childrenOf(pid)]);
  for (const victim of victims) killProcess(victim);
  child.kill(hasStarted || victims.size > 0 ? 'SIGCONT' : 'SIGKILL');
}

/** A call whose number is the same on all ABIs of the machine is taken for the machine's own, and counted as ambiguous. */
function countsOf({ arch, nr, name, executed, args }: LoggedCall): PhaseCount[] {
  const { abi } = thisMachine();
  const place =
    arch !== undefined
      ? { arch, nr: nr! }
      : [abi.name, ...abiOf(abi.name).subAbis]
          .map((candidate) => ({ arch: candidate, nr: nr ?? numberOf(candidate, name!) }))
          .find((candidate) => candidate.nr !== undefined);
  if (!place) return [];
  const isAssumed = arch === undefined;
  const about = { arch: place.arch, nr: place.nr!, denied: 0, ...(isAssumed && { assumed: true }) };
  if (!args) return [{ ...about, count: executed }];
  return args.map(({ values, count }) => ({ ...about, count, args: values }));
}
