import type { Program } from '@callgate/engine/bpf/instruction';
import { MAX_INSTRUCTIONS } from '@callgate/engine/bpf/opcodes';
import { compileDiagram } from '@callgate/engine/compile/compile';
import { NoSuchProgram } from '@callgate/linux/find-program';
import { FLAG_LOG, FLAG_SPEC_ALLOW, LaunchError } from '@callgate/linux/launch';
import { CliFailure, type Context, OWN_FAILURE } from './context.ts';
import type { Subject } from './input/subject.ts';

/** The program after "--", or a failure that says how to give one. */
export function commandOf(args: readonly string[], verb: string): [string, ...string[]] {
  const [program, ...rest] = args;
  if (program === undefined)
    throw new CliFailure(`no program given; write: callgate ${verb} … -- CMD`, OWN_FAILURE);
  return [program, ...rest];
}

/** The filter that a runtime would install for the profile. */
export function compileSubject(subject: Subject): Program {
  const { diagram, root, endian } = subject.policy;
  const program = compileDiagram(diagram, root, endian);
  if (program.length > MAX_INSTRUCTIONS)
    throw new CliFailure(
      `the filter has ${program.length} instructions; the kernel takes ${MAX_INSTRUCTIONS}`,
      OWN_FAILURE,
    );
  return program;
}

/** SECCOMP_FILTER_FLAG_* as runc sets them: SPEC_ALLOW unless the profile lists flags of its own. */
export function filterFlags(subject: Subject, log: boolean): number {
  const named = new Set(subject.profile.flags.map((f) => f.value));
  const spec = !subject.profile.hasFlags || named.has('SECCOMP_FILTER_FLAG_SPEC_ALLOW');
  return (log || named.has('SECCOMP_FILTER_FLAG_LOG') ? FLAG_LOG : 0) | (spec ? FLAG_SPEC_ALLOW : 0);
}

/** Faults of starting a program, with the exit status that a shell would give. */
export function launchFailure(fault: unknown, program: string): unknown {
  if (fault instanceof NoSuchProgram) return new CliFailure(fault.message, fault.status);
  if (!(fault instanceof LaunchError)) return fault;
  if (fault.step === 'execve')
    return new CliFailure(
      `${program}: cannot be executed (errno ${fault.errno})`,
      fault.errno === 2 ? 127 : 126,
    );
  return new CliFailure(`${fault.message}: the filter could not be installed`, OWN_FAILURE);
}

const PASSED_ON: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];

/**
 * Passes signals on to a program until the returned function is called. A terminal sends Ctrl-C to the program by
 * itself; `interrupted` hears of every SIGINT.
 */
export function passSignals(context: Context, pid: number, interrupted: () => void = () => {}): () => void {
  const send = (signal: NodeJS.Signals) => {
    try {
      process.kill(pid, signal);
    } catch {
      // It has just ended.
    }
  };
  const offs = PASSED_ON.map((signal) => context.onSignal(signal, () => send(signal)));
  offs.push(
    context.onSignal('SIGINT', () => {
      interrupted();
      if (!context.stdin.isTTY) send('SIGINT');
    }),
  );
  return () => {
    for (const off of offs) off();
  };
}
