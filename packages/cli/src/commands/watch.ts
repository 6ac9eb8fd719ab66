import { prometheusText } from '@callgate/engine/internal/report/prometheus';
import { plural, printable } from '@callgate/engine/internal/report/words';
import { DenialTable } from '@callgate/engine/internal/watch/denial-table';
import { WATCH_SOURCES } from '@callgate/linux/internal/watch/choose-source';
import { CommandQueue } from '@callgate/linux/internal/watch/command-queue';
import { MetricsServer } from '@callgate/linux/internal/watch/metrics-server';
import { watchCalls } from '@callgate/linux/internal/watch/watch-calls';
import { examples, type Verb } from '../command.ts';
import { CLEAN, CliFailure, type Context, FINDINGS } from '../context.ts';
import { milliseconds } from '../flags/milliseconds.ts';
import { once } from '../flags/once.ts';
import { metricsAddress, momentOf } from '../flags/watch-flags.ts';
import { openWatchSource } from '../load/watch-source.ts';
import { commandFacts } from '../run/command-facts.ts';
import { onSignals, STOPPING } from '../run/signals.ts';
import { watchDisplay } from '../terminal/watch-display.ts';

interface WatchFlags {
  readonly container?: string;
  readonly pod?: string;
  readonly comm?: string;
  readonly pid?: string;
  readonly source?: string;
  readonly since?: string;
  readonly duration?: string;
  readonly interval: string;
  readonly exec?: string;
  readonly metrics?: string;
  readonly failOnDenial?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const watch: Verb = {
  name: 'watch',

  configure(command) {
    command
      .argument('[log]', 'instead of this machine: a log that grows; "-" for stdin')
      .optionsGroup("Whose calls (default: everybody's):")
      .option('--container <name>', 'of this container: name, id, or docker:web', once)
      .option('--pod <name>', 'of this pod: web-0, or shop/web-0', once)
      .option('--comm <name>', 'of processes that call themselves this', once)
      .option('--pid <n>', 'of this process', once)
      .optionsGroup('Options:')
      .option('--source <name>', `one of ${WATCH_SOURCES.join(', ')}; "-" for stdin (default: auto)`, once)
      .option('--since <time>', 'with what is in the log since then: 10m, 2h, 2026-01-31T12:00', once)
      .option('--duration <time>', 'end after this time: 30s, 5m, 1h', once)
      .option('--interval <time>', 'not on a terminal: how often counts that grew are told again', '10s')
      .option('--exec <cmd>', 'run this shell command for every new kind of call', once)
      .option('--metrics <address>', 'serve them for Prometheus: :9100 (loopback), 0.0.0.0:9100', once)
      .option('--fail-on-denial', 'end with status 1 if a call was denied')
      .option('--json', 'one JSON object a line')
      .addHelpText(
        'after',
        `
Sources, of which auto takes the best that works:
  ebpf        counts denied calls in the kernel, also those that nobody logs; loses nothing
  audit       records of filters with SECCOMP_FILTER_FLAG_LOG, of calls that are logged, of those who were killed
  kernel-log  the same, but only 10 records in 5 seconds; it has a past, for --since
With eBPF, auto takes the audit socket too, for what is logged and who is killed.

Ctrl-C ends it with a summary, and what was lost; the exit status is 0. --exec gets CALLGATE_PLACE,
CALLGATE_CONTAINER, CALLGATE_ENGINE, CALLGATE_ID, CALLGATE_POD, CALLGATE_NAMESPACE, CALLGATE_SYSCALL,
CALLGATE_NR, CALLGATE_ARCH, CALLGATE_ACTION, CALLGATE_ERRNO, CALLGATE_DENIED, CALLGATE_COMM, CALLGATE_PID
and CALLGATE_TIME in its environment; one runs at a time.
${examples(
  'watch',
  'watch --container web --json',
  'watch --duration 1h --exec \'logger "$CALLGATE_CONTAINER: $CALLGATE_SYSCALL"\'',
  'watch --metrics :9100 --quiet',
  'watch --since 10m --duration 1s',
)}`,
      );
  },

  async run(context, command) {
    const flags = command.opts<WatchFlags>();
    const [log] = command.processedArgs as [string | undefined];
    const { container, pod } = flags;
    const watched = { container, pod, comm: commOf(flags.comm), pid: pidOf(flags.pid) };
    const duration = flags.duration === undefined ? undefined : milliseconds(flags.duration);
    const interval = milliseconds(flags.interval);
    const listen = flags.metrics === undefined ? undefined : metricsAddress(flags.metrics);
    const since = flags.since === undefined ? undefined : momentOf(flags.since);
    const opened = openWatchSource(context, { log, source: flags.source, since, watched });
    const { source } = opened;
    const stop = new AbortController();
    const offs = [onSignals(context, STOPPING, () => stop.abort())];
    if (duration !== undefined) {
      const timer = setTimeout(() => stop.abort(), duration);
      offs.push(() => clearTimeout(timer));
    }
    const table = new DenialTable();
    const display = watchDisplay(context, table, { json: flags.json, quiet: flags.quiet, interval });
    const commands = flags.exec === undefined ? undefined : queueOf(context, flags.exec, display);
    let server: MetricsServer | undefined;
    try {
      const began = Date.now();
      const state = () => ({
        source: source.id,
        since: began,
        lost: source.losses().lost,
        commandsDropped: commands?.dropped ?? 0,
      });
      server = listen && (await serve(listen, () => prometheusText(table, state())));
      display.begin(source.id, opened.because, server?.address);
      await watchCalls({
        source,
        watched,
        table,
        stop: stop.signal,
        added: (row) => {
          display.added(row);
          commands?.add(commandFacts(row));
        },
        looked: () => display.looked(),
      });
      // A log that has ended leaves time for what it gave to do.
      await commands?.finished(stop.signal);
      await commands?.close();
      const { lost, notes } = source.losses();
      display.end({ lost, notes: [...notes, ...commandNotes(commands)] });
    } finally {
      server?.close();
      await commands?.close();
      opened.close();
      for (const off of offs) off();
    }
    return flags.failOnDenial && table.totals().denied > 0 ? FINDINGS : CLEAN;
  },
};

/** What the kernel has of a name: its first 15 bytes, a byte a character. */
function commOf(name: string | undefined): string | undefined {
  return name === undefined ? undefined : Buffer.from(name).toString('latin1').slice(0, 15);
}

function pidOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,9}$/.test(text))
    throw new CliFailure(`--pid takes the number of a process, not "${printable(text)}"`);
  return Number(text);
}

function queueOf(context: Context, command: string, display: { pause(): void }): CommandQueue {
  return new CommandQueue(command, context.env, (text) => {
    display.pause();
    context.stderr.write(text);
  });
}

function commandNotes(commands: CommandQueue | undefined): string[] {
  if (!commands) return [];
  const { dropped, failed } = commands;
  return [
    ...(dropped > 0
      ? [`${plural(dropped, 'command')} of --exec not run: too many waited, or it was over`]
      : []),
    ...(failed > 0 ? [`${plural(failed, 'command')} of --exec failed`] : []),
  ];
}

async function serve(
  { host, port }: { host: string; port: number },
  text: () => string,
): Promise<MetricsServer> {
  try {
    return await MetricsServer.start(host, port, text);
  } catch (fault) {
    throw new CliFailure(
      `--metrics cannot listen at ${printable(host)}:${port}: ${(fault as Error).message}`,
    );
  }
}
