import { possibleVerdicts } from '@callgate/engine/analysis/explain';
import { actionOfWord, executes } from '@callgate/engine/bpf/action';
import type { Program } from '@callgate/engine/bpf/instruction';
import { formatAction } from '@callgate/engine/report/action';
import { type AbiName, abiOf } from '@callgate/engine/syscalls/arch';
import { nameOf, numberOf } from '@callgate/engine/syscalls/lookup';
import { KernelLog } from '@callgate/linux/kernel-log/kernel-log';
import type { Ending, LaunchPlan } from '@callgate/linux/launch/launch';
import { thisMachine } from '@callgate/linux/machine';
import { ebpf } from '@callgate/linux/recorders/ebpf/ebpf';
import { denials } from '@callgate/linux/recorders/notify/denials';
import { examples, type Verb } from '../command.ts';
import type { Context } from '../context.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../flags/target-flags.ts';
import { compileSubject } from '../load/compile-subject.ts';
import { loadSubject, type Subject } from '../load/subject.ts';
import { callLabel } from '../load/system-call.ts';
import { commandOf, filterFlags, runProgramPlan } from '../run/program-run.ts';
import { plural, printable, styleFor } from '../terminal/style.ts';
import { recordWithSignals } from './record.ts';

interface RunFlags extends TargetFlags {
  readonly profile: string;
  readonly log?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** A call that the filter turned away, and how often. */
interface Denial {
  readonly arch: AbiName;
  readonly nr: number;
  readonly times: number;
  readonly how: string;
}

export const run: Verb = {
  name: 'run',

  configure(command) {
    command
      .argument('<command...>', 'the program and its arguments, after --')
      .requiredOption('-p, --profile <profile>', 'the profile to enforce')
      .option('--log', 'have denied calls logged, and say at the end which they were')
      .option('--json', 'print what was denied as one JSON document on stdout when the program has ended')
      .passThroughOptions();
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
The kernel gets the filter that the container runtime would load, right before the program is
executed, and no_new_privs is set: setuid programs gain nothing. The exit status is the program's,
128 + n when signal n ended it, 125 if callgate itself failed. With --log, every denied call is
counted: as root in the kernel, else by callgate answering it with the profile's errno.
${examples('run --profile ls.json -- ls -l', 'run --profile stock:docker --log -- unshare -U true')}`,
    );
  },

  async run(context, command) {
    const flags = command.opts<RunFlags>();
    const program = commandOf(command.args, 'run');
    const subject = await loadSubject(context, flags.profile, targetOf(flags), {
      allowUnknown: flags.allowUnknown,
      quiet: flags.quiet,
    });
    const say = (text: string) => flags.quiet || context.stderr.write(`callgate: ${text}\n`);
    if (deniesExecve(subject)) say('the profile denies execve, by which the program is started');
    const plan = {
      command: program,
      env: context.env,
      filter: compileSubject(subject),
      flags: filterFlags(subject, flags.log ?? false),
      noNewPrivs: true,
    } satisfies LaunchPlan;
    const outcome = flags.log
      ? await runCounted(context, plan, subject, say)
      : await runLogged(context, plan, subject);
    if (flags.json) context.stdout.write(`${JSON.stringify(outcomeDocument(outcome))}\n`);
    else if (!flags.quiet) report(context, program, outcome, flags);
    return outcome.ending.status;
  },
};

interface FinishedRun {
  readonly ending: Ending;
  readonly denials: readonly Denial[];
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
  const recorder = ebpf.unavailable() === undefined ? ebpf : denials;
  try {
    const { recording, ending } = await recordWithSignals(context, recorder, plan.command, say, plan);
    // Which of them killed, only the log tells.
    const deadly = logged(log, subject).filter((d) => d.how.startsWith('KILL'));
    const counted = recording.observations
      .filter((o) => o.denied > 0 && !deadly.some((d) => d.arch === o.arch && d.nr === o.nr))
      .map((o): Denial => ({ arch: o.arch, nr: o.nr, times: o.denied, how: 'denied' }));
    const unseen =
      log === undefined
        ? 'which call was deadly, only the kernel log knows, and root may read it'
        : undefined;
    return {
      ending,
      denials: [...summedUp(counted), ...deadly],
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
    return {
      ending,
      denials: logged(log, subject, pid),
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

/** Denials in the kernel log that this run can have caused: later processes, and what the profile really does. */
function logged(log: KernelLog | undefined, subject: Subject, since = 0): Denial[] {
  const denials = (log?.denials() ?? []).flatMap(({ arch, nr, code, pid }): Denial[] => {
    const { kind } = actionOfWord(code);
    const caused = possibleVerdicts(subject.policy, abiOf(arch), nr).some(
      ({ verdict }) => verdict.action === kind,
    );
    if (executes(kind) || !caused || pid < since) return [];
    return [{ arch, nr, how: formatAction(kind, 0).replace('(0)', ''), times: 1 }];
  });
  return summedUp(denials);
}

/** Each call once for each way in which it was denied. */
function summedUp(denials: readonly Denial[]): Denial[] {
  const sums = new Map<string, Denial>();
  for (const denial of denials) {
    const key = `${denial.arch} ${denial.nr} ${denial.how}`;
    sums.set(key, { ...denial, times: denial.times + (sums.get(key)?.times ?? 0) });
  }
  return [...sums.values()];
}

/** The document of run --json; `complete`: no denial can be missing. */
function outcomeDocument({ ending, denials, unseen }: FinishedRun): object {
  return {
    status: ending.status,
    signal: ending.signal ?? null,
    complete: unseen === undefined,
    denied: denials.map(({ arch, nr, times, how }) => ({
      arch,
      syscall: nameOf(arch, nr) ?? String(nr),
      nr,
      count: times,
      how,
    })),
  };
}

function report(
  context: Context,
  program: readonly string[],
  { ending, denials, unseen }: FinishedRun,
  flags: RunFlags,
): void {
  const style = styleFor(context.stderr, context.env);
  const suspicious = ending.signal === 'SIGSYS' || (ending.signal === undefined && ending.status !== 0);
  if (ending.signal === 'SIGSYS')
    context.stderr.write(
      `${style.red('callgate:')} ${printable(program[0])} died of SIGSYS: the profile kills a call that it made\n`,
    );
  if (denials.length > 0) {
    const native = thisMachine().abi.name;
    const list = denials.map(({ arch, nr, times, how }) => {
      const flag = arch === native ? '' : ` --arch ${arch}`;
      const command = `callgate explain ${printable(flags.profile)} ${callLabel(arch, nr, arch)}${flag}`;
      return `  ${callLabel(arch, nr)}  ${how}, ${plural(times, 'time')}; see: ${command}\n`;
    });
    context.stderr.write(`${style.red('callgate:')} denied by the profile:\n${list.join('')}`);
  }
  if (unseen && suspicious && denials.length === 0)
    context.stderr.write(
      `${style.dim(`callgate: ${printable(program[0])} ended with ${ending.status}; ${unseen}`)}\n`,
    );
}
