import { synthesize } from '@callgate/engine/internal/build/synthesize';
import { stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import {
  isOfContainer,
  lacksRuntime,
  type Recording,
  stringifyRecording,
} from '@callgate/engine/internal/recording/recording';
import { boundLines } from '@callgate/engine/internal/report/bound';
import { deniedCalls, labelsOf, lacksLines } from '@callgate/engine/internal/report/recording';
import { plural, printable, wrap } from '@callgate/engine/internal/report/words';
import { RECORDERS } from '@callgate/linux/internal/recorders/choose';
import type { AttachTarget } from '@callgate/linux/internal/recorders/record-attached';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context } from '../context.ts';
import { addContainerFlags, type ContainerFlags, containerOptionsOf } from '../flags/container-flags.ts';
import { milliseconds } from '../flags/milliseconds.ts';
import { once } from '../flags/once.ts';
import { boundOf, remedyLines } from '../load/bound.ts';
import { recordRunning } from '../run/attach-run.ts';
import { commandOf, endProgram, type SignalRoute } from '../run/program-run.ts';
import { type EngineRun, engineRun, recordEngineRun } from '../run/record-engine-run.ts';
import { findRecorder, recordWithSignals } from '../run/record-program.ts';
import { shellWord } from '../terminal/shell-word.ts';
import { styleFor } from '../terminal/style.ts';
import { expectWritable, writeResult } from '../terminal/write-file.ts';

interface RecordFlags extends ContainerFlags {
  readonly recorder: string;
  readonly output?: string;
  readonly profile?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly args?: boolean;
  readonly container?: string;
  readonly pid?: string;
  readonly cgroup?: string;
  readonly wait?: boolean;
  readonly duration?: string;
}

export const record: Verb = {
  name: 'record',

  configure(command) {
    command
      .argument('[command...]', 'the program and its arguments, after --')
      .option('-r, --recorder <name>', `auto, or one of ${RECORDERS.map((r) => r.id).join(', ')}`, 'auto')
      .option('--container <name>', 'record a container of Docker, Podman or containerd instead', once)
      .option('--wait', 'wait until that container starts, and record it from its first call')
      .option('--pid <n>', 'record a running process, with its threads and descendants', once)
      .option('--cgroup <path>', 'record every process of a cgroup (v2)', once)
      .option('--duration <time>', 'stop recording after this time: 30s, 5m, 1h')
      .option('--args', 'keep the arguments too, for callgate build --tighten')
      .option('-o, --output <file>', 'write the recording here, for callgate build')
      .option(
        '-p, --profile <file>',
        'write a profile here that allows what was seen, and what any process needs',
      )
      .optionsGroup('What the profile of --profile allows beside what was seen:');
    addContainerFlags(command);
    command
      .optionsGroup('Options:')
      .option('--json', 'print the recording on stdout when the program has ended')
      .passThroughOptions()
      .addHelpText(
        'after',
        `
The program runs as usual: it has the terminal, and Ctrl-C goes to it. Its children are recorded too,
until the last of them has ended. The exit status is the program's, or 125 if callgate itself failed.

With docker run … or podman run … as the program its container is recorded, and not the client, which runs as
it is written and has the terminal. This, --pid, --container and --cgroup need root and eBPF.

What --pid, --container and --cgroup record is recorded until it ends, or until Ctrl-C: it keeps running, and the
exit status is 0. To save what was seen so far to the file of -o, send callgate SIGUSR1.

Recorders, the best first:
${RECORDERS.map(({ id, about }) => `  ${id.padEnd(8)} ${about}`).join('\n')}
${examples(
  'record --profile ls.json -- ls -l /etc',
  'record -o monday.json -- ./server --port 8080',
  'record --container web --wait -o web.json',
  'record --pid 4711 --duration 5m --args -o server.json',
)}`,
      );
  },

  async run(context, command) {
    const flags = command.opts<RecordFlags>();
    const style = styleFor(context.stderr, context.env);
    const say = (text: string) => flags.quiet || context.stderr.write(`${style.dim(`callgate: ${text}`)}\n`);
    const target = targetOf(flags, command.args);
    const container = await containerOptionsOf(flags);
    if (container.floor && flags.profile === undefined) throw new CliFailure('--runtime goes with --profile');
    if (flags.looserThan !== true && flags.profile === undefined)
      throw new CliFailure('--no-looser-than goes with --profile');
    for (const file of [flags.output, flags.profile]) if (file !== undefined) expectWritable(context, file);
    const { recording, status } = target
      ? await recordTarget(context, target, flags, say)
      : await recordCommand(context, command.args, flags, say);
    if (!flags.quiet) context.stderr.write(summary(context, recording));
    if (flags.output) writeResult(context, flags.output, stringifyRecording(recording));
    if (flags.profile) {
      const bound = await boundOf(context, flags, [recording]);
      const { profile, bounded } = synthesize([recording], { ...container, bound });
      writeResult(context, flags.profile, stringifyProfile(profile));
      if (bounded)
        for (const line of [...boundLines(style, bounded), ...remedyLines(style, bounded, [recording])])
          say(line);
      say(
        `wrote ${printable(flags.profile)}; ${tryIt(flags, recording, flags.profile, target ? undefined : command.args)}`,
      );
    }
    if (flags.json) context.stdout.write(stringifyRecording(recording));
    return status;
  },
};

/** How to use the profile where it is meant for. */
function tryIt(
  { runtime }: RecordFlags,
  recording: Recording,
  profile: string,
  command: readonly string[] = ['CMD'],
): string {
  const file = shellWord(profile);
  const container = engineRun(command)?.engine;
  if (container) return `try it: ${container} run --security-opt seccomp=${file} …`;
  if (runtime === undefined && lacksRuntime(recording))
    return 'what the runtime calls itself while it starts the container is not in it: --runtime docker adds it';
  if (runtime === undefined && isOfContainer(recording))
    return `try it: --security-opt seccomp=${file} of docker run or podman run`;
  if (runtime === undefined)
    return `it is for this machine (--runtime docker makes one for containers); try it: callgate run --profile ${file} -- ${printable(command.map(shellWord).join(' '))}`;
  const engine = runtime.startsWith('podman') || runtime.startsWith('crun') ? 'podman' : 'docker';
  return `try it: ${engine} run --security-opt seccomp=${file} …`;
}

type Say = (text: string) => void;

/** What is recorded instead of a program; undefined when a program is. */
function targetOf(flags: RecordFlags, args: readonly string[]): AttachTarget | undefined {
  const { container, pid, cgroup } = flags;
  const given =
    [container, pid, cgroup].filter((flag) => flag !== undefined).length + (args.length > 0 ? 1 : 0);
  if (given > 1) throw new CliFailure('give one of --container, --pid, --cgroup, or a program after --');
  if (flags.wait && container === undefined) throw new CliFailure('--wait goes with --container');
  if (container !== undefined) return { kind: 'container', reference: container, wait: flags.wait ?? false };
  if (cgroup !== undefined) return { kind: 'cgroup', path: cgroup };
  if (pid === undefined) return undefined;
  if (!/^[1-9]\d{0,9}$/.test(pid))
    throw new CliFailure(`--pid takes the number of a process, not "${printable(pid)}"`);
  return { kind: 'pid', pid: Number(pid) };
}

async function recordTarget(context: Context, target: AttachTarget, flags: RecordFlags, say: Say) {
  expectEbpf(flags);
  const attached = await recordRunning(context, {
    target,
    args: flags.args ?? false,
    duration: flags.duration === undefined ? undefined : milliseconds(flags.duration),
    output: flags.output,
    say,
  });
  const recording = attached.snapshot();
  attached.close();
  return { recording, status: CLEAN };
}

async function recordContainerOf(context: Context, run: EngineRun, flags: RecordFlags, say: Say) {
  expectEbpf(flags);
  const { attached, status } = await recordEngineRun(context, run, {
    args: flags.args ?? false,
    duration: flags.duration === undefined ? undefined : milliseconds(flags.duration),
    say,
  });
  const recording = { ...attached.snapshot(), command: run.words };
  attached.close();
  return { recording, status };
}

function expectEbpf({ recorder }: RecordFlags): void {
  if (!['auto', 'ebpf'].includes(recorder))
    throw new CliFailure(`${printable(recorder)} can only record what it starts; use ebpf`);
}

async function recordCommand(context: Context, args: readonly string[], flags: RecordFlags, say: Say) {
  const container = engineRun(args);
  if (container) return recordContainerOf(context, container, flags, say);
  const program = commandOf(args, 'record', say);
  const chosen = findRecorder(flags.recorder);
  if (chosen.reason) say(chosen.reason);
  const route: SignalRoute = { stop: new AbortController() };
  const timer =
    flags.duration === undefined
      ? undefined
      : setTimeout(() => endProgram(route), milliseconds(flags.duration));
  try {
    const { recording, ending } = await recordWithSignals(
      context,
      chosen,
      program,
      say,
      {},
      route,
      flags.args,
    );
    return { recording, status: ending.status };
  } finally {
    clearTimeout(timer);
  }
}

function summary(context: Context, recording: Recording): string {
  const style = styleFor(context.stderr, context.env);
  const seen = recording.observations.filter((o) => o.count > 0 && o.phase !== 'runtime');
  const runtime = recording.observations.filter((o) => o.count > 0 && o.phase === 'runtime');
  const calls = seen.reduce((sum, o) => sum + o.count, 0);
  const abis = [...new Set(seen.map((o) => o.arch))];
  const names = labelsOf(seen, recording.machine.arch);
  const where = names.length === 0 ? '' : `, called ${plural(calls, 'time')} on ${abis.join(', ')}`;
  const lines = [
    `${style.bold(`callgate: ${plural(names.length, 'system call')}`)}${where}; ${recording.lost === 0 ? 'none lost' : style.red(`${recording.lost} LOST`)}`,
    ...(names.length > 0 ? [wrap(names, '  ')] : []),
  ];
  if (recording.left > 0)
    lines.push(
      style.red(
        `  incomplete: ${plural(recording.left, 'process', 'processes')} moved to another cgroup, out of sight; try --recorder notify`,
      ),
    );
  if (runtime.length > 0)
    lines.push(
      `  before that, by the container runtime under the filter: ${labelsOf(runtime, recording.machine.arch).join(' ')}`,
    );
  if (recording.ambiguous > 0)
    lines.push(
      style.yellow(`  ${recording.recorder} does not tell the ABI: ${recording.machine.arch} is assumed`),
    );
  lines.push(...lacksLines(recording).map((line) => style.yellow(`  ${line}`)));
  lines.push(...recording.notes.map((note) => style.yellow(`  ${printable(note)}`)));
  const denied = deniedCalls(recording.observations, recording.machine.arch);
  if (denied !== '') lines.push(`  denied by a filter that was in force: ${denied}`);
  return `${lines.join('\n')}\n`;
}
