import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '@callgate/engine/internal/bpf/instruction';
import type { Recording } from '@callgate/engine/internal/recording/recording';
import type { TestSpec } from '@callgate/engine/internal/spec/spec';
import {
  type ContainerHost,
  type ContainerPlan,
  ContainerRefused,
  type StartedContainer,
} from '../container/container-host.ts';
import { runClient } from '../container/hosts/client.ts';
import { readFilters } from '../process/live-filters.ts';
import { type Attached, attach, NotAttachable } from '../recorders/record-attached.ts';
import { firstFailure } from '../trials/check-functions.ts';
import { interruptible } from '../trials/interruptible.ts';
import type { Watched } from '../trials/look.ts';

/** How a container is judged while it runs. */
export interface RunChecks {
  /** A command inside the container, repeated until it ends with 0. */
  readonly health?: readonly [string, ...string[]];
  /** A shell command of this machine, once, with CALLGATE_CONTAINER and CALLGATE_PID in its environment. */
  readonly check?: string;
  /** What must work in it. */
  readonly spec?: Pick<TestSpec, 'ready' | 'functions'>;
  /** The environment of `check`. */
  readonly env: NodeJS.ProcessEnv;
  /** So long the container is watched when it is up, or healthy, unless it ends by itself. */
  readonly durationMs: number;
  /** How long each of these may take. */
  readonly timeLimitMs: number;
}

/** How one run of a container went. */
export interface ObservedRun {
  /** Why the engine did not start it: its own words. */
  readonly refused?: string;
  /** What it called; undefined where it never came so far. */
  readonly recording?: Recording;
  /** Whether it ended by itself; the status is that after it was stopped otherwise. */
  readonly endedByItself: boolean;
  readonly status?: number;
  /** Why a check failed; undefined when all passed. */
  readonly failed?: string;
  /** The filter that the kernel held for its first process, where that could be read. */
  readonly filter?: Program;
  /** The last line that it wrote. */
  readonly lastLine?: string;
}

/** Somebody wants it to end. */
export class TryStopped extends Error {}

const POLL_MS = 100;
/** So long after its start the first process of a container that has ended is looked for. */
const FOUND_WITHIN_MS = 5000;
const END_LIMIT_MS = 20_000;

/** Starts a container, records it from its first call to its end, checks it, stops it and removes it, whatever happens. */
export async function observeRun(
  host: ContainerHost,
  plan: ContainerPlan,
  checks: RunChecks,
  { args, stop }: { readonly args: boolean; readonly stop: AbortSignal },
): Promise<ObservedRun> {
  let container: StartedContainer | undefined;
  let refused: unknown;
  let attached: Attached | undefined;
  let starting: Promise<StartedContainer> | undefined;
  const recording = new AbortController();
  try {
    try {
      attached = await attach(
        { kind: 'coming', called: 'the container', id: () => container?.id },
        {
          args,
          stop: recording.signal,
          waiting() {
            starting = host.start(plan);
            starting.then(
              async (started) => {
                container = started;
                await sleep(FOUND_WITHIN_MS, undefined, { ref: false });
                if (!attached) recording.abort();
              },
              (fault) => {
                refused = fault;
                recording.abort();
              },
            );
          },
        },
      );
    } catch (fault) {
      if (!(fault instanceof NotAttachable) || starting === undefined) throw fault;
    }
    if (refused instanceof ContainerRefused) return { refused: refused.message, endedByItself: false };
    if (refused !== undefined) throw refused;
    if (!container) throw new NotAttachable('the container was not seen to begin');
    const run = await judged({ engine: host.name, container, startedAt: performance.now() }, checks, stop);
    await Promise.race([attached?.ended, sleep(END_LIMIT_MS, undefined, { ref: false })]);
    return { ...run, recording: attached?.snapshot() };
  } finally {
    attached?.close();
    await starting?.catch(() => {});
    await container?.remove();
  }
}

async function judged(
  watched: Watched,
  checks: RunChecks,
  stop: AbortSignal,
): Promise<Omit<ObservedRun, 'recording'>> {
  const { container } = watched;
  const pid = await container.pid();
  const filter = pid === undefined ? undefined : filterOf(pid);
  const ending = container.ended(checks.timeLimitMs + checks.durationMs + END_LIMIT_MS);
  ending.catch(() => {});
  let ended = false;
  void ending.then(
    (end) => {
      ended = end !== undefined;
    },
    () => {},
  );
  const isOver = () => ended;
  const failed =
    (checks.health && (await unhealthy(container, checks.health, checks, isOver, stop))) ??
    (checks.spec && (await firstFailure(checks.spec, watched, stop))) ??
    (checks.check === undefined
      ? undefined
      : await failedCheck(container.id, pid, checks.check, checks, stop));
  if (failed === undefined) await waited(checks.durationMs, isOver, stop);
  const endedByItself = ended;
  if (!ended) await container.stop();
  expectGoingOn(stop);
  const end = await ending;
  return { endedByItself, status: end?.status, failed, filter, lastLine: end && lastLine(end) };
}

/** Why a container is not healthy, once the time is over or it has ended. */
async function unhealthy(
  container: StartedContainer,
  command: readonly [string, ...string[]],
  { timeLimitMs }: RunChecks,
  isOver: () => boolean,
  stop: AbortSignal,
): Promise<string | undefined> {
  const end = Date.now() + timeLimitMs;
  let said = '';
  while (Date.now() < end && !isOver()) {
    expectGoingOn(stop);
    const tried = await interruptible(stop, container.exec(command, timeLimitMs));
    if (tried.status === 0) return undefined;
    said = lastLine(tried) ?? `status ${tried.status}`;
    await waited(POLL_MS, isOver, stop);
  }
  return `${command.join(' ')}: ${isOver() ? 'the container ended before it succeeded' : said}`;
}

/** Why a command of this machine failed. */
async function failedCheck(
  id: string,
  pid: number | undefined,
  command: string,
  { timeLimitMs, env: own }: RunChecks,
  stop: AbortSignal,
): Promise<string | undefined> {
  const env = { ...own, CALLGATE_CONTAINER: id, CALLGATE_PID: String(pid ?? '') };
  const options = { env, timeLimitMs, stop, wholeGroup: true };
  const end = await runClient(['/bin/sh', '-c', command], options);
  expectGoingOn(stop);
  if (end.isCut) return `${command}: it does not end within ${timeLimitMs / 1000} s`;
  return end.status === 0 ? undefined : `${command}: ${lastLine(end) ?? `status ${end.status}`}`;
}

async function waited(ms: number, isOver: () => boolean, stop: AbortSignal): Promise<void> {
  const end = Date.now() + ms;
  while (Date.now() < end && !isOver()) {
    expectGoingOn(stop);
    await sleep(Math.min(POLL_MS, ms));
  }
}

function expectGoingOn(stop: AbortSignal): void {
  if (stop.aborted) throw new TryStopped();
}

/** The container's filter: the oldest of its first process, which may install others. */
function filterOf(pid: number): Program | undefined {
  try {
    return readFilters(pid).at(-1);
  } catch {
    return undefined;
  }
}

function lastLine({
  stdout,
  stderr,
}: {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}): string | undefined {
  const lines = [stdout, stderr].flatMap((bytes) => bytes.toString('utf8').split('\n'));
  return lines.findLast((line) => line.trim() !== '')?.trim();
}
