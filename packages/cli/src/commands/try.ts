import { parseKernel } from '@callgate/engine/internal/profile/profile';
import { profileDocument, stringifyProfile } from '@callgate/engine/internal/profile/stringify';
import { printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import { ContainerRefused } from '@callgate/linux/internal/container/container-host';
import { containerHost } from '@callgate/linux/internal/container/hosts/hosts';
import { thisMachine } from '@callgate/linux/internal/machine';
import { ebpf } from '@callgate/linux/internal/recorders/ebpf/ebpf';
import { NotAttachable } from '@callgate/linux/internal/recorders/record-attached';
import { engineDefault } from '@callgate/linux/internal/try/engine-default';
import { TryStopped } from '@callgate/linux/internal/try/observed-run';
import { type TryPlan, type TryResult, tryContainer } from '@callgate/linux/internal/try/try-container';
import { commandWords } from '@callgate/workload/internal/engines/command-words';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FINDINGS } from '../context.ts';
import { milliseconds } from '../flags/milliseconds.ts';
import { natural } from '../flags/number.ts';
import { readText } from '../load/read-text.ts';
import { loadSpec } from '../load/test-spec.ts';
import { onSignals, STOPPING, stoppedBySignal } from '../run/signals.ts';
import { type TriedContainer, triedContainer, triedService } from '../run/try-command.ts';
import { Progress } from '../terminal/progress.ts';
import { shellWord } from '../terminal/shell-word.ts';
import { styleFor } from '../terminal/style.ts';
import { callsSeen, stepLines, type Told, verdictLines } from '../terminal/try-story.ts';
import { expectWritable, writeResult } from '../terminal/write-file.ts';

interface TryFlags {
  readonly output?: string;
  readonly rounds: string;
  readonly health?: string;
  readonly check?: string;
  readonly spec?: string;
  readonly duration: string;
  readonly timeout: string;
  readonly looser?: boolean;
  readonly compose?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const tryVerb: Verb = {
  name: 'try',

  configure(command) {
    command
      .argument('[command...]', 'docker run … or podman run …, after --')
      .option('-o, --output <file>', 'write the profile here, once it does')
      .option('--compose <file>', 'try a service of a compose file instead: its name is the command')
      .option('--health <command>', 'succeeds inside the container when it is up; without a shell')
      .option(
        '--check <command>',
        'a shell command of this machine, once it is: $CALLGATE_CONTAINER, $CALLGATE_PID',
      )
      .option('--spec <file>', 'what must work, of a spec of callgate test, must work in it')
      .option('--duration <time>', 'how long it may run on then, until it is stopped or ends by itself', '3s')
      .option('--timeout <time>', 'how long --health and --check may take', '60s')
      .option('--rounds <n>', 'so often calls are added before it gives up', '5')
      .option('--looser', 'record without a filter, and allow what the default of the engine denies')
      .option('--json', 'print the result as one JSON document')
      .passThroughOptions()
      .addHelpText(
        'after',
        `
The container is recorded under the engine's own filter; a profile is built from that, and never allows more. It runs
under the profile's shadow, which logs what the profile would deny, and then under the profile; what was missing is
added, until nothing is and the checks succeed as they did at first. Its containers are stopped and removed.
Needs root and eBPF. Exit status: 0 the profile does, 1 it does not, 2 could not do it.
${examples(
  "try --health 'redis-cli ping' -o redis.json -- docker run redis:7",
  'try --compose compose.yaml web',
  'try -o job.json -- podman run --rm python:3 python3 -c "print(6 * 7)"',
)}`,
      );
  },

  async run(context, command) {
    const flags = command.opts<TryFlags>();
    const tried =
      flags.compose === undefined
        ? triedContainer(command.args)
        : triedService(
            context,
            { file: flags.compose, text: await readText(context, flags.compose) },
            command.args,
          );
    if (flags.output !== undefined) expectWritable(context, flags.output);
    const why = ebpf.unavailable();
    if (why) throw new CliFailure(`containers can only be watched with eBPF: ${why}`);
    const host = containerHost(tried.engine);
    const missing = await host.unavailable();
    if (missing) throw new CliFailure(printable(missing));
    const stop = new AbortController();
    let signal: NodeJS.Signals | undefined;
    const off = onSignals(context, STOPPING, (by) => {
      signal = by;
      stop.abort();
    });
    try {
      return await tryIt(context, tried, flags, stop.signal);
    } catch (fault) {
      if (signal !== undefined || fault instanceof TryStopped) throw stoppedBySignal(signal ?? 'SIGINT');
      if (fault instanceof NotAttachable || fault instanceof ContainerRefused)
        throw new CliFailure(printable(fault.message));
      throw fault;
    } finally {
      off();
    }
  },
};

async function tryIt(context: Context, tried: TriedContainer, flags: TryFlags, stop: AbortSignal) {
  const style = styleFor(context.stdout, context.env);
  const { abi, release: kernel } = thisMachine();
  const byDefault = await engineDefault(tried.engine);
  const told: Told = {
    style,
    native: abi.name,
    engine: `${tried.engine}${byDefault.release === undefined ? '' : ` ${byDefault.release}`}`,
    health: flags.health ?? flags.check ?? flags.spec ?? tried.health?.join(' '),
    looser: flags.looser ?? false,
  };
  const plan: TryPlan = {
    host: containerHost(tried.engine),
    container: tried.plan,
    checks: {
      health: flags.health === undefined ? tried.health : healthOf(flags.health),
      check: flags.check,
      spec: flags.spec === undefined ? undefined : (await loadSpec(context, flags.spec)).spec,
      env: context.env,
      durationMs: milliseconds(flags.duration),
      timeLimitMs: milliseconds(flags.timeout),
    },
    bound: { name: tried.engine, profile: byDefault.profile },
    newest: byDefault.newest,
    floor: tried.floor,
    target: { native: abi.name, kernel: parseKernel(kernel)!, capabilities: tried.capabilities },
    looser: told.looser,
    rounds: natural(flags.rounds, '--rounds'),
    stop,
  };
  const writes = !flags.json && !flags.quiet;
  const write = (lines: readonly string[]) =>
    writes && context.stdout.write(lines.map((line) => `${line}\n`).join(''));
  if (tried.leftOut.length > 0) write([style.dim(printable(`left out: ${tried.leftOut.join(', ')}`))]);
  const progress = new Progress(context.stderr, flags.quiet);
  let steps = 0;
  const result = await tryContainer(plan, {
    begins: (kind) => progress.show(() => `${kind}: run ${steps + 1}`),
    ended(step) {
      progress.clear();
      steps++;
      // Where it does not work at first, that is all there is to say.
      if (step.kind !== 'record' || step.wrong === undefined) write(stepLines(told, step, steps));
    },
  }).finally(() => progress.clear());
  if (!result.profile) throw new CliFailure(printable(result.failed!));
  write(verdictLines(told, result));
  if (flags.json) context.stdout.write(`${writeJson(document(result, told))}\n`);
  if (result.failed === undefined && flags.output !== undefined) {
    writeResult(context, flags.output, stringifyProfile(result.profile!));
    write([
      `wrote ${printable(flags.output)}; use it: ${
        flags.compose === undefined
          ? `${tried.engine} run --security-opt seccomp=${shellWord(flags.output)} …`
          : `security_opt: ["seccomp:${printable(flags.output)}"] in the service`
      }`,
    ]);
  }
  return result.failed === undefined ? CLEAN : FINDINGS;
}

function healthOf(text: string): [string, ...string[]] {
  const [first, ...rest] = commandWords(text) ?? [];
  if (first === undefined) throw new CliFailure('--health takes a command, with every quote closed');
  return [first, ...rest];
}

function document(
  { steps, profile, comparison, leftOut, failed }: TryResult,
  { engine, native }: Told,
): object {
  return {
    engine,
    ok: failed === undefined,
    ...(failed !== undefined && { failed }),
    steps: steps.map(({ kind, run, added, wrong }) => ({
      kind,
      ...(wrong !== undefined && { wrong }),
      ...(run.status !== undefined && { status: run.status }),
      endedByItself: run.endedByItself,
      calls: run.recording ? callsSeen(run.recording, native).length : 0,
      added: added.map(({ arch, nr, name, phase, count, denied, first }) => ({
        arch,
        nr,
        name,
        phase,
        count: count + denied,
        ...(first?.process !== undefined && { process: first.process }),
      })),
    })),
    leftOut,
    ...(comparison && {
      comparison: {
        calls: comparison.calls,
        instructions: comparison.instructions,
        from: comparison.from,
        looser: comparison.looser.map(({ arch, name, nr }) => ({ arch, name: name ?? null, nr })),
      },
    }),
    profile: profile ? profileDocument(profile) : null,
  };
}
