import { stringifyProfile } from '@callgate/engine/profile/stringify';
import { type Recording, stringifyRecording } from '@callgate/engine/record/observation';
import { synthesize } from '@callgate/engine/record/synthesize';
import type { LaunchPlan } from '@callgate/linux/launch';
import { recordProgram } from '@callgate/linux/record';
import { chooseRecorder, RECORDERS } from '@callgate/linux/recorders/choose';
import type { Recorder } from '@callgate/linux/recorders/recorder';
import { examples, type Verb } from '../command.ts';
import { CliFailure, type Context, OWN_FAILURE } from '../context.ts';
import { callLabel } from '../input/system-call.ts';
import { plural, printable, styleFor, wrap } from '../output/style.ts';
import { writeFile } from '../output/write-file.ts';
import { commandOf, launchFailure, routeSignals, type SignalRoute, stoppedBy } from '../program-run.ts';

interface RecordFlags {
  readonly recorder: string;
  readonly output?: string;
  readonly profile?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const record: Verb = {
  name: 'record',

  configure(command) {
    command
      .argument('<command...>', 'the program and its arguments, after --')
      .option('-r, --recorder <name>', 'ebpf (root), notify (anybody), or auto', 'auto')
      .option('-o, --output <file>', 'write the recording, for callgate build')
      .option('-p, --profile <file>', 'write the smallest profile that allows what was seen')
      .option('--json', 'print the recording on stdout when the program has ended')
      .option('-q, --quiet', 'say nothing but errors')
      .passThroughOptions()
      .addHelpText(
        'after',
        `
The program runs as it is, with its input and output; Ctrl-C goes to it. Children are recorded
too, until the last one is gone. The exit status is the program's, 125 if callgate itself failed.
${examples(
  'record --profile ls.json -- ls -l /etc',
  'record -o monday.json -- ./server --port 8080',
  'record --recorder notify --json -- python3 -c "print(1)"',
)}`,
      );
  },

  async run(context, command) {
    const flags = command.opts<RecordFlags>();
    const program = commandOf(command.args, 'record');
    const { recorder, reason } = findRecorder(flags.recorder);
    const style = styleFor(context.stderr, context.env);
    const say = (text: string) => flags.quiet || context.stderr.write(`${style.dim(`callgate: ${text}`)}\n`);
    if (reason) say(reason);
    const { recording, ending } = await recordWithSignals(context, recorder, program, say);
    if (!flags.quiet) context.stderr.write(summary(context, recording));
    if (flags.output) writeFile(context, flags.output, stringifyRecording(recording));
    if (flags.profile) {
      const { profile } = synthesize([recording]);
      writeFile(context, flags.profile, stringifyProfile(profile));
      say(
        `wrote ${printable(flags.profile)}; try it: callgate run --profile ${printable(flags.profile)} -- ${printable(program.join(' '))}`,
      );
    }
    if (flags.json) context.stdout.write(stringifyRecording(recording));
    return ending.status;
  },
};

/** The recorder of that name, or the best that works here and why better ones do not. */
export function findRecorder(name: string): { recorder: Recorder; reason?: string } {
  if (name === 'auto') {
    const choice = chooseRecorder();
    const reasons = choice.passedOver.map(({ id, why }) => `${id}: ${why}`).join('; ');
    if (!choice.recorder) throw new CliFailure(`nothing can record here: ${reasons}`, OWN_FAILURE);
    return {
      recorder: choice.recorder,
      reason: reasons && `recording with ${choice.recorder.id} (${reasons})`,
    };
  }
  const recorder = RECORDERS.find((r) => r.id === name);
  const names = ['auto', ...RECORDERS.map((r) => r.id)].join(', ');
  if (!recorder)
    throw new CliFailure(`there is no recorder "${printable(name)}"; it is one of ${names}`, OWN_FAILURE);
  const why = recorder.unavailable();
  if (why) throw new CliFailure(`${recorder.id} cannot record here: ${why}`, OWN_FAILURE);
  return { recorder };
}

/** Records a program; signals are the program's while it lives, later ones stop what it left running. */
export async function recordWithSignals(
  context: Context,
  recorder: Recorder,
  command: LaunchPlan['command'],
  say: (text: string) => void,
  plan: Partial<LaunchPlan> = {},
  route: SignalRoute = { stop: new AbortController() },
) {
  const off = routeSignals(context, route);
  try {
    return await recordProgram(
      recorder,
      { command, env: context.env, ...plan },
      {
        stop: route.stop.signal,
        started: (pid) => {
          route.pid = pid;
        },
        ended: () => {
          route.pid = undefined;
        },
        waiting: (processes) =>
          say(
            `the program has ended, ${plural(processes, 'process', 'processes')} it started still run; Ctrl-C stops them`,
          ),
      },
    );
  } catch (fault) {
    throw stoppedBy(route) ?? launchFailure(fault, command[0]);
  } finally {
    off();
  }
}

function summary(context: Context, recording: Recording): string {
  const style = styleFor(context.stderr, context.env);
  const seen = recording.observations.filter((o) => o.count > 0);
  const calls = seen.reduce((sum, o) => sum + o.count, 0);
  const abis = [...new Set(seen.map((o) => o.arch))];
  const names = seen.map((o) => callLabel(o.arch, o.nr)).sort();
  const lines = [
    `${style.bold(`callgate: ${plural(new Set(names).size, 'system call')}`)}, called ${plural(calls, 'time')} on ${abis.join(', ')}; ${recording.lost === 0 ? 'none lost' : style.red(`${recording.lost} LOST`)}`,
    wrap(names, '  '),
  ];
  if (recording.left > 0)
    lines.push(
      style.red(
        `  incomplete: ${plural(recording.left, 'process', 'processes')} moved to another cgroup, out of sight; try --recorder notify`,
      ),
    );
  const denied = recording.observations.filter((o) => o.denied > 0);
  if (denied.length > 0)
    lines.push(
      `  denied by a filter that was in force: ${denied.map((o) => `${callLabel(o.arch, o.nr)} ×${o.denied}`).join(', ')}`,
    );
  if (!recording.countsDenied && seen.some((o) => o.name === 'seccomp'))
    lines.push('  the program installs filters of its own; what those denied is not counted');
  return `${lines.join('\n')}\n`;
}
