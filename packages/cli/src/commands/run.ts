import { actionOfWord } from '@callgate/engine/policy/action';
import { formatAction } from '@callgate/engine/report/action';
import type { AbiName } from '@callgate/engine/syscalls/arch';
import { nameOf } from '@callgate/engine/syscalls/lookup';
import { KernelLog } from '@callgate/linux/kernel-log';
import { type Ending, type LaunchPlan, launch } from '@callgate/linux/launch';
import { thisMachine } from '@callgate/linux/machine';
import { ebpf } from '@callgate/linux/recorders/ebpf';
import { examples, type Verb } from '../command.ts';
import { CliFailure, type Context, OWN_FAILURE } from '../context.ts';
import { loadSubject } from '../input/subject.ts';
import { addTargetFlags, type TargetFlags, targetOf } from '../input/target-flags.ts';
import { plural, printable, styleFor } from '../output/style.ts';
import { commandOf, compileSubject, filterFlags, launchFailure, passSignals } from '../program-run.ts';
import { recordWithSignals } from './record.ts';

interface RunFlags extends TargetFlags {
  readonly profile: string;
  readonly log?: boolean;
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
      .option('-q, --quiet', 'say nothing but errors')
      .passThroughOptions();
    addTargetFlags(command);
    command.addHelpText(
      'after',
      `
The kernel gets the filter that the container runtime would load, right before the program is
executed, and no_new_privs is set: setuid programs gain nothing. The exit status is the program's,
128 + n when signal n ended it, 125 if callgate itself failed. With --log, root sees every denied
call counted; others see what the kernel log shows them.
${examples('run --profile ls.json -- ls -l', 'run --profile stock:docker --log -- unshare -U true')}`,
    );
  },

  async run(context, command) {
    const flags = command.opts<RunFlags>();
    const program = commandOf(command.args, 'run');
    const subject = await loadSubject(context, flags.profile, targetOf(flags), {
      allowUnknown: flags.allowUnknown,
      quiet: flags.quiet,
    }).catch((fault) => {
      throw fault instanceof CliFailure ? new CliFailure(fault.message, OWN_FAILURE) : fault;
    });
    const plan: LaunchPlan = {
      command: program,
      env: context.env,
      cwd: context.cwd,
      filter: compileSubject(subject),
      flags: filterFlags(subject, flags.log ?? false),
      noNewPrivs: true,
    };
    const { ending, denials, unseen } =
      flags.log && ebpf.unavailable() === undefined
        ? await runCounted(context, plan)
        : await runLogged(context, plan);
    if (!flags.quiet) report(context, program, ending, denials, unseen, flags);
    return ending.status;
  },
};

interface Outcome {
  readonly ending: Ending;
  readonly denials: readonly Denial[];
  /** Why denials may be missing; undefined when they are all there. */
  readonly unseen?: string;
}

/** Counts denied calls in the kernel. */
async function runCounted(context: Context, plan: LaunchPlan): Promise<Outcome> {
  const log = KernelLog.open();
  try {
    const { recording, ending } = await recordWithSignals(context, ebpf, plan.command, () => {}, plan);
    const counted = recording.observations
      .filter((o) => o.denied > 0)
      .map((o): Denial => ({ arch: o.arch, nr: o.nr, times: o.denied, how: 'denied' }));
    // A call that killed never returned, so only the log has it.
    const deadly = logged(log).filter((d) => d.how.startsWith('KILL'));
    return { ending, denials: [...counted, ...deadly] };
  } finally {
    log?.close();
  }
}

/** Runs at full speed; what was denied is known as far as the kernel log tells. */
async function runLogged(context: Context, plan: LaunchPlan): Promise<Outcome> {
  const log = KernelLog.open();
  try {
    const launched = await launch(plan).catch((fault) => {
      throw launchFailure(fault, plan.command[0]);
    });
    const off = passSignals(context, launched.pid);
    try {
      await launched.go().catch((fault) => {
        throw launchFailure(fault, plan.command[0]);
      });
      const ending = await launched.ended;
      return { ending, denials: logged(log), unseen: unseenReason(plan, log !== undefined) };
    } finally {
      off();
    }
  } finally {
    log?.close();
  }
}

function unseenReason(plan: LaunchPlan, hasLog: boolean): string {
  if (!hasLog) return 'to see which calls were denied, run it as root with --log';
  const logs = ((plan.flags ?? 0) & 2) !== 0;
  return logs ? 'the kernel log may leave some out' : 'to see which calls were denied, add --log';
}

function logged(log: KernelLog | undefined): Denial[] {
  const times = new Map<string, Denial>();
  for (const { arch, nr, code } of log?.denials() ?? []) {
    const { kind } = actionOfWord(code);
    if (kind === 'LOG' || kind === 'ALLOW') continue;
    const key = `${arch} ${nr} ${kind}`;
    times.set(key, {
      arch,
      nr,
      how: formatAction(kind, 0).replace('(0)', ''),
      times: (times.get(key)?.times ?? 0) + 1,
    });
  }
  return [...times.values()];
}

function report(
  context: Context,
  program: readonly string[],
  ending: Ending,
  denials: readonly Denial[],
  unseen: string | undefined,
  flags: RunFlags,
): void {
  const style = styleFor(context.stderr, context.env);
  const suspicious = ending.signal === 'SIGSYS' || ending.status !== 0;
  if (ending.signal === 'SIGSYS')
    context.stderr.write(
      `${style.red('callgate:')} ${printable(program[0])} died of SIGSYS: the profile kills a call that it made\n`,
    );
  if (denials.length > 0) {
    const native = thisMachine().abi.name;
    const list = denials.map(({ arch, nr, times, how }) => {
      const name = (arch === native ? '' : `${arch}/`) + (nameOf(arch, nr) ?? nr);
      return `  ${name}  ${how}, ${plural(times, 'time')}; see: callgate explain ${printable(flags.profile)} ${nameOf(arch, nr) ?? nr}${arch === native ? '' : ` --arch ${arch}`}\n`;
    });
    context.stderr.write(`${style.red('callgate:')} denied by the profile:\n${list.join('')}`);
  }
  if (unseen && suspicious && (denials.length === 0 || flags.log))
    context.stderr.write(
      `${style.dim(`callgate: ${printable(program[0])} ended with ${ending.status}; ${unseen}`)}\n`,
    );
}
