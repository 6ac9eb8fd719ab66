import { readFileSync } from 'node:fs';
import { printable } from '@callgate/engine/internal/report/words';
import { type Ending, type LaunchPlan, launch } from '@callgate/linux/internal/launch/launch';
import { LaunchError } from '@callgate/linux/internal/launch/start-program';
import { errnoWords } from '@callgate/linux/internal/libc';
import { findProgram, NoSuchProgram } from '@callgate/linux/internal/process/find-program';
import { isForeground } from '@callgate/linux/internal/process/processes';
import { RecorderCannotStart } from '@callgate/linux/internal/recorders/recorder';
import { CliFailure, type Context } from '../context.ts';
import { type EngineBlindVerb, engineCommand, insteadOf } from './engine-command.ts';
import { withInherited } from './inherited.ts';
import { onSignals, stoppedBySignal } from './signals.ts';

const EBUSY = 16;

/**
 * The program after "--", or a failure that says how to give one; one that says what to do where it is no use. A script that
 * asks an engine among other things gets a hint alone.
 */
export function commandOf(
  args: readonly string[],
  verb: EngineBlindVerb,
  hint: (text: string) => void = () => {},
): [string, ...string[]] {
  const [program, ...rest] = args;
  if (program === undefined) throw new CliFailure(`no program given; write: callgate ${verb} … -- CMD`);
  const asked = engineCommand(args);
  if (asked?.at) throw new CliFailure(printable(insteadOf(asked, verb)));
  if (asked) hint(printable(`in this script ${insteadOf(asked, verb)}`));
  const other = args.find((word) => word.includes(REPLACEMENT) && !isInCommandLine(word));
  if (other !== undefined)
    throw new CliFailure(
      `"${printable(other)}" is not UTF-8, and callgate can pass on no other text; give the program a file, or start it by a script`,
    );
  return [program, ...rest];
}

/** What Node puts in the place of bytes that are no text. */
const REPLACEMENT = '\ufffd';

/** Whether a word stands in callgate's own command line as it is. */
function isInCommandLine(word: string): boolean {
  return readFileSync('/proc/self/cmdline').includes(Buffer.from(`\0${word}\0`));
}

/** Fails as running it would when there is no such program, or it cannot be executed. */
export function expectProgram(context: Context, program: string): void {
  try {
    findProgram(program, context.env.PATH);
  } catch (fault) {
    throw launchFailure(fault, program);
  }
}

/** Faults of starting a program, with the exit status that a shell would give. */
export function launchFailure(fault: unknown, program: string): unknown {
  if (fault instanceof NoSuchProgram) return new CliFailure(printable(fault.message), fault.status);
  if (fault instanceof RecorderCannotStart)
    return fault.cause instanceof LaunchError
      ? launchFailure(fault.cause, program)
      : new CliFailure(printable(fault.message));
  if (!(fault instanceof LaunchError)) return fault;
  if (fault.step === 'execve')
    return new CliFailure(
      `${printable(program)}: cannot be executed: ${errnoWords(fault.errno)}`,
      fault.errno === 2 ? 127 : 126,
    );
  if (fault.step === 'seccomp' && fault.errno === EBUSY)
    return new CliFailure('this process is itself supervised: a filter with a listener allows no second one');
  return new CliFailure(`${printable(program)} could not be started: ${fault.message}`);
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];
/** What a terminal sends to a whole group by itself. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGHUP'];

/** Where signals go while a program is run: to the program as long as it lives, else to `stop`. */
export interface SignalRoute {
  /** The program's pid; undefined before it runs and after its end. */
  pid?: number;
  /** Finds out whether the program runs, where callgate learns of it only by looking. */
  look?: () => void;
  /** Ends what callgate does without the program. */
  readonly stop: AbortController;
  /** The last signal that was not the program's own business. */
  last?: NodeJS.Signals;
}

/** Passes callgate's signals on until the returned function is called. */
export function routeSignals(context: Context, route: SignalRoute): () => void {
  return onSignals(context, SIGNALS, (signal) => handle(route, signal));
}

/** The failure to end with when a signal has stopped callgate itself, or what was about to become the program. */
export function stoppedBy({ stop, last }: SignalRoute, fault: unknown): CliFailure | undefined {
  return last && (stop.signal.aborted || fault instanceof LaunchError) ? stoppedBySignal(last) : undefined;
}

/** Runs a program under its plan to its end, at full speed, with signals passed on. */
export async function runProgramPlan(
  context: Context,
  plan: LaunchPlan,
  route: SignalRoute = { stop: new AbortController() },
): Promise<{ readonly ending: Ending; readonly pid: number }> {
  const off = routeSignals(context, route);
  try {
    const launched = await launch({ ...withInherited(context, plan), stop: route.stop.signal });
    route.pid = launched.pid;
    await launched.go();
    return { ending: await launched.ended, pid: launched.pid };
  } catch (fault) {
    throw stoppedBy(route, fault) ?? launchFailure(fault, plan.command[0]);
  } finally {
    route.pid = undefined;
    off();
  }
}

function handle(route: SignalRoute, signal: NodeJS.Signals): void {
  route.last = signal;
  if (route.pid === undefined) route.look?.();
  if (route.pid === undefined) {
    if (!signal.startsWith('SIGUSR')) route.stop.abort();
  } else if (!FROM_TERMINAL.includes(signal) || !isForeground()) sendSignal(route.pid, signal);
}

/** Asks the program to end; before it runs, callgate stops instead. */
export function endProgram(route: SignalRoute, signal: NodeJS.Signals = 'SIGTERM'): void {
  route.last = signal;
  if (route.pid === undefined) route.look?.();
  if (route.pid === undefined) route.stop.abort();
  else sendSignal(route.pid, signal);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}
