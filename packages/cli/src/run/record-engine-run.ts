import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printable } from '@callgate/engine/internal/report/words';
import { ownName } from '@callgate/linux/internal/leavings/own-name';
import { ebpf } from '@callgate/linux/internal/recorders/ebpf/ebpf';
import { type Attached, attach, NotAttachable } from '@callgate/linux/internal/recorders/record-attached';
import { readRunCommand } from '@callgate/workload/internal/engines/run-command';
import { CliFailure, type Context } from '../context.ts';
import { type EngineCommand, engineCommand, insteadOf } from './engine-command.ts';
import { endProgram, runProgramPlan, type SignalRoute } from './program-run.ts';
import { onSignals, STOPPING } from './signals.ts';

/** An engine's "run" as somebody wrote it, whose container is to be recorded instead of the engine's client. */
export interface EngineRun extends EngineCommand {
  readonly engine: 'docker' | 'podman';
  readonly at: NonNullable<EngineCommand['at']>;
  readonly words: readonly [string, ...string[]];
}

/** So long after its client has ended a container may still be found. */
const LATE_MS = 3000;

/** The command where it starts one container of Docker or Podman, which can be recorded by its id. */
export function engineRun(words: readonly string[]): EngineRun | undefined {
  const [first, ...rest] = words;
  const asked = engineCommand(words);
  if (!asked?.at || asked.action !== 'run' || (asked.engine !== 'docker' && asked.engine !== 'podman'))
    return undefined;
  return { ...asked, engine: asked.engine, at: asked.at, words: [first, ...rest] };
}

/** What of record's flags concerns a container that is about to be started. */
interface EngineRunPlan {
  readonly args: boolean;
  /** Milliseconds; undefined: until it ends or a signal comes. */
  readonly duration?: number;
  readonly say: (text: string) => void;
}

/**
 * Runs the engine's client as it was written, and records the container from its first call. Signals are the client's while it
 * lives; those that come later end the recording, not the container. The status is the client's.
 */
export async function recordEngineRun(
  context: Context,
  run: EngineRun,
  { args, duration, say }: EngineRunPlan,
): Promise<{ readonly attached: Attached; readonly status: number }> {
  const why = ebpf.unavailable();
  if (why)
    throw new CliFailure(
      printable(`${insteadOf(run, 'record')}; callgate could do both at once, but not here: ${why}`),
    );
  const folder = join(tmpdir(), ownName('run'));
  mkdirSync(folder, { mode: 0o700 });
  const client = new Client(context, withIdFile(run, join(folder, 'id')));
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let offs: readonly (() => void)[] = [];
  try {
    const attaching = attach(
      { kind: 'coming', called: `${run.engine}'s container`, id: () => idIn(client.idFile) },
      {
        args,
        stop: stop.signal,
        waiting() {
          void client.start().finally(() => {
            offs = [onSignals(context, STOPPING, () => stop.abort())];
            const late = idIn(client.idFile) === undefined ? 0 : LATE_MS;
            setTimeout(() => client.isAttached || stop.abort(), late).unref();
          });
        },
        attached() {
          client.isAttached = true;
          say('recording the container, not its client; it has the terminal');
          if (duration !== undefined)
            timer = setTimeout(() => {
              client.end();
              stop.abort();
            }, duration);
        },
      },
    );
    const attached = await attaching;
    const status = await client.ended.catch((fault) => {
      attached.close();
      throw fault;
    });
    const over = await Promise.race([attached.ended.then(() => true), soon()]);
    if (!over) say('the container goes on without its client; Ctrl-C ends the recording, not the container');
    await attached.ended;
    return { attached, status };
  } catch (fault) {
    if (!(fault instanceof NotAttachable)) throw fault;
    const status = await client.ended;
    throw new CliFailure(
      `${run.engine} ${run.action} started no container on this machine: nothing was recorded`,
      status === 0 ? undefined : status,
    );
  } finally {
    clearTimeout(timer);
    for (const off of offs) off();
    rmSync(folder, { recursive: true, force: true });
  }
}

function soon(): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), 300));
}

/** The engine's client, which runs in the terminal. */
class Client {
  isAttached = false;
  readonly idFile: string;
  readonly ended: Promise<number>;
  private readonly context: Context;
  private readonly words: readonly [string, ...string[]];
  private readonly route: SignalRoute = { stop: new AbortController() };
  private settle!: (status: number | Promise<number>) => void;

  constructor(
    context: Context,
    { words, idFile }: { words: readonly [string, ...string[]]; idFile: string },
  ) {
    this.context = context;
    this.words = words;
    this.idFile = idFile;
    this.ended = new Promise((resolve) => {
      this.settle = resolve;
    });
    // Whoever waits for it hears of a failure later.
    this.ended.catch(() => {});
  }

  async start(): Promise<void> {
    const run = runProgramPlan(this.context, { command: this.words, env: this.context.env }, this.route).then(
      ({ ending }) => ending.status,
    );
    this.settle(run);
    await run.catch(() => {});
  }

  end(): void {
    endProgram(this.route);
  }
}

/** The command with a file that its container's id goes into: its own, where it has one. */
function withIdFile({ engine, words, at }: EngineRun, idFile: string) {
  const read = readRunCommand(engine, words.slice(at.action + 1));
  const own = read.value?.options.findLast(({ name }) => name === '--cidfile')?.value;
  if (own !== undefined) return { words, idFile: own };
  const [first, ...rest] = words;
  const behind = rest.toSpliced(at.action, 0, `--cidfile=${idFile}`);
  return { words: [first, ...behind] as const, idFile };
}

/** The id that an engine has written; undefined before that. */
function idIn(file: string): string | undefined {
  try {
    const id = readFileSync(file, 'latin1').trim();
    return /^[0-9a-f]{12,64}$/.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}
