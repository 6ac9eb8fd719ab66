import {
  countedDenials,
  type Denial,
  denialsOf,
  logsByArguments,
  passedAndLogged,
} from '@callgate/engine/internal/analysis/denials';
import { possibleVerdicts } from '@callgate/engine/internal/analysis/explain';
import { executes } from '@callgate/engine/internal/bpf/action';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import { formatAction } from '@callgate/engine/internal/report/action';
import { callLabel } from '@callgate/engine/internal/report/call';
import { plural, printable } from '@callgate/engine/internal/report/words';
import { filterFlags } from '@callgate/engine/internal/runtime/filter-flags';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import type { Subject } from '@callgate/engine/internal/subject/subject';
import { nameOf, numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { KernelLog } from '@callgate/linux/internal/kernel-log/kernel-log';
import type { Ending, LaunchPlan } from '@callgate/linux/internal/launch/launch';
import { thisMachine } from '@callgate/linux/internal/machine';
import { ebpf } from '@callgate/linux/internal/recorders/ebpf/ebpf';
import { denials } from '@callgate/linux/internal/recorders/notify/denials';
import { examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { once } from '../flags/once.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../flags/target-flags.ts';
import { compileSubject } from '../load/compile-subject.ts';
import { loadSubject } from '../load/subject.ts';
import { commandOf, runProgramPlan } from '../run/program-run.ts';
import { recordWithSignals } from '../run/record-program.ts';
import { styleFor } from '../terminal/style.ts';

interface RunFlags extends TargetFlags {
  readonly profile: string;
  readonly log?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const run: Verb = {
  name: 'run',

  configure(command) {
    command
      .argument('<command...>', 'the program and its arguments, after --')
      .requiredOption('-p, --profile <profile>', 'the profile to enforce', once)
      .option('--log', 'say at the end which calls were denied')
      .option(
        '--json',
        'print how the program ended, and what was denied (all of it with --log), as one JSON document',
      )
      .passThroughOptions();
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
The kernel enforces what a container runtime would make it enforce, from the start of the program on.
no_new_privs is set: setuid programs such as sudo gain no rights. The exit status is the program's,
128 + n if signal n ended it, or 125 if callgate itself failed.

--log counts every denied call, and every one that the profile logs and lets pass. As root the kernel tells
them; without root callgate answers them itself, with the errno of the profile.
${examples('run --profile ls.json -- ls -l', 'run --profile stock:docker --log -- unshare -U true')}`,
    );
  },

  async run(context, command) {
    const flags = command.opts<RunFlags>();
    const say = (text: string) => flags.quiet || context.stderr.write(`callgate: ${text}\n`);
    const program = commandOf(command.args, 'run', say);
    const subject = await loadSubject(context, flags.profile, targetOf(flags), {
      allowUnknown: flags.allowUnknown,
      quiet: flags.quiet,
    });
    if (deniesExecve(subject)) say('the profile denies execve, by which the program is started');
    const plan = {
      command: program,
      env: context.env,
      filter: compileSubject(subject),
      flags: filterFlags(subject.source?.profile, flags.log ?? false),
      noNewPrivs: true,
    } satisfies LaunchPlan;
    const outcome = flags.log
      ? await runCounted(context, plan, subject, say)
      : await runLogged(context, plan, subject);
    if (flags.json) context.stdout.write(`${writeJson(outcomeDocument(outcome))}\n`);
    else if (!flags.quiet) report(context, program, outcome, flags);
    return outcome.ending.status;
  },
};

interface FinishedRun {
  readonly ending: Ending;
  readonly denials: readonly Denial[];
  /** Calls that passed and were logged, where they were looked for. */
  readonly logged?: readonly Denial[];
  /** Why denials may be missing; undefined when they are all there. */
  readonly unseen?: string;
}

/** Counts denied calls: in the kernel as root, else by answering them in the filter's place. */
async function runCounted(
  context: Context,
  plan: LaunchPlan & { filter: Program },
  subject: Subject,
  say: (text: string) => void,
): Promise<FinishedRun> {
  const log = KernelLog.open();
  // eBPF counts a call whatever its arguments.
  const recorder = ebpf.unavailable() === undefined && !logsByArguments(subject.policy) ? ebpf : denials;
  try {
    const { recording, ending } = await recordWithSignals(context, { recorder }, plan.command, say, plan);
    const told = denialsOf(subject.policy, log?.denials() ?? []);
    const denied = countedDenials(recording.observations, told);
    const unseen =
      log === undefined
        ? 'which call was deadly, only the kernel log knows, and root may read it'
        : undefined;
    return {
      ending,
      denials: denied,
      logged: passedAndLogged(subject.policy, recording.observations),
      unseen: ending.signal === 'SIGSYS' ? unseen : undefined,
    };
  } finally {
    log?.close();
  }
}

/** Runs at full speed; what was denied is known as far as the kernel log tells. */
async function runLogged(context: Context, plan: LaunchPlan, subject: Subject): Promise<FinishedRun> {
  const log = KernelLog.open();
  try {
    const { ending, pid } = await runProgramPlan(context, plan);
    // Records of processes that began before are not of this run.
    const own = log?.denials().filter((record) => record.pid >= pid) ?? [];
    return {
      ending,
      denials: denialsOf(subject.policy, own),
      unseen: 'to see which calls were denied, add --log',
    };
  } finally {
    log?.close();
  }
}

/** The profile's answer to the execve that starts the program, as far as it does not depend on arguments. */
function deniesExecve(subject: Subject): boolean {
  const { abi } = thisMachine();
  const outcomes = possibleVerdicts(subject.policy, abi, numberOf(abi.name, 'execve')!);
  return outcomes.every(({ verdict }) => !executes(verdict.action));
}

/** The kernel's word for how a call was denied, where it is known. */
function howDenied({ how }: Denial): string {
  return how === undefined ? 'denied' : formatAction(how, 0).replace('(0)', '');
}

/** The document of run --json; `complete`: no denial can be missing. */
function outcomeDocument({ ending, denials, logged, unseen }: FinishedRun): object {
  const documentOf = (call: Denial) => ({
    arch: call.arch,
    syscall: nameOf(call.arch, call.nr) ?? String(call.nr),
    nr: call.nr,
    count: call.times,
  });
  return {
    status: ending.status,
    signal: ending.signal ?? null,
    complete: unseen === undefined,
    denied: denials.map((denial) => ({ ...documentOf(denial), how: howDenied(denial) })),
    ...(logged && { logged: logged.map(documentOf) }),
  };
}

function report(
  context: Context,
  program: readonly string[],
  { ending, denials, logged = [], unseen }: FinishedRun,
  flags: RunFlags,
): void {
  const native = thisMachine().abi.name;
  const style = styleFor(context.stderr, context.env);
  const suspicious = ending.signal === 'SIGSYS' || (ending.signal === undefined && ending.status !== 0);
  if (ending.signal === 'SIGSYS')
    context.stderr.write(
      `${style.red('callgate:')} ${printable(program[0])} died of SIGSYS: the profile kills a call that it made\n`,
    );
  if (denials.length > 0) {
    const list = denials.map((denial) => {
      const { arch, nr, times } = denial;
      const flag = arch === native ? '' : ` --arch ${arch}`;
      const command = `callgate explain ${printable(flags.profile)} ${callLabel(arch, nr, arch)}${flag}`;
      return `  ${callLabel(arch, nr, native)}  ${howDenied(denial)}, ${plural(times, 'time')}; see: ${command}\n`;
    });
    context.stderr.write(`${style.red('callgate:')} denied by the profile:\n${list.join('')}`);
  }
  if (logged.length > 0) {
    const list = logged.map(
      ({ arch, nr, times }) =>
        `  ${callLabel(arch, nr, native)}  would be denied, ${plural(times, 'time')}\n`,
    );
    context.stderr.write(
      `${style.yellow('callgate:')} passed, because the profile only logs them:\n${list.join('')}`,
    );
  }
  if (unseen && suspicious && denials.length === 0)
    context.stderr.write(
      `${style.dim(`callgate: ${printable(program[0])} ended with ${ending.status}; ${unseen}`)}\n`,
    );
}
