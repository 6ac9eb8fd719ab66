import { constants } from 'node:os';
import { printable } from '@callgate/engine/internal/report/words';
import { quote } from '@callgate/engine/internal/source/tree';
import type { Probe } from '@callgate/engine/internal/spec/spec';
import type { CommandEnd, StartedContainer } from '../container/container-host.ts';
import { healthOf } from '../container/hosts/health.ts';
import { interruptible, pause } from './interruptible.ts';
import { askNetwork, type NetworkRequest } from './network-probe.ts';

/** What somebody saw who looked. */
export interface Sight {
  readonly holds: boolean;
  /** What was seen, in a few words. */
  readonly saw: string;
}

/** A container that runs, and since when. */
export interface Watched {
  readonly engine: string;
  readonly container: StartedContainer;
  /** performance.now() of its start. */
  readonly startedAt: number;
}

const EVERY_MS = 100;
const ANSWER_MS = 5_000;
const COMMAND_MS = 60_000;

/** Looks until a probe holds or the time is over, at least once; sooner when the container has ended. */
export async function look(
  probe: Probe,
  watched: Watched,
  withinMs: number,
  stop: AbortSignal | undefined,
): Promise<Sight> {
  const until = performance.now() + withinMs;
  for (;;) {
    const sight = await interruptible(
      stop,
      lookOnce(
        probe,
        watched,
        { leftMs: Math.max(0, until - performance.now()), isHurried: withinMs > 0 },
        stop,
      ),
    );
    if (sight.holds || performance.now() >= until) return sight;
    if (await hasEnded(watched)) return { holds: false, saw: await howItEnded(watched, sight.saw) };
    await pause(EVERY_MS, stop);
  }
}

async function lookOnce(
  probe: Probe,
  watched: Watched,
  /** `isHurried`: somebody said how long it may take. */
  { leftMs, isHurried }: { readonly leftMs: number; readonly isHurried: boolean },
  stop: AbortSignal | undefined,
): Promise<Sight> {
  const { container } = watched;
  switch (probe.kind) {
    case 'http': {
      const answer = await ask(watched, { kind: 'http', url: probe.url });
      if (answer.kind !== 'page') return { holds: false, saw: answer.kind === 'fault' ? answer.why : '' };
      const lacks = probe.body !== undefined && !answer.body.includes(probe.body);
      const holds = answer.status === probe.status && !lacks;
      return { holds, saw: `${answer.status}${lacks ? ` without ${quote(probe.body)}` : ''}` };
    }
    case 'tcp': {
      const answer = await ask(watched, { kind: 'tcp', port: probe.port });
      return { holds: answer.kind === 'connected', saw: answer.kind === 'fault' ? answer.why : 'connected' };
    }
    case 'run': {
      const end = await container.exec(probe.command, Math.max(leftMs, isHurried ? ANSWER_MS : COMMAND_MS));
      return ending(end, probe.exit, probe.output);
    }
    case 'log': {
      const { stdout, stderr } = await container.output();
      const holds = stdout.includes(probe.text) || stderr.includes(probe.text);
      return { holds, saw: holds ? 'written' : `not written; ${tail(stdout, stderr)}` };
    }
    case 'health':
      return healthOf(watched.engine, container.id);
    case 'alive': {
      await pause(Math.max(0, watched.startedAt + probe.ms - performance.now()), stop);
      if (!(await hasEnded(watched))) return { holds: true, saw: 'runs' };
      return { holds: false, saw: await howItEnded(watched, 'ended') };
    }
    case 'ends': {
      const end = await container.ended(Math.max(leftMs, EVERY_MS));
      return end ? ending(end, probe.exit, probe.output) : { holds: false, saw: 'still runs' };
    }
  }
}

async function ask({ container, engine }: Watched, request: NetworkRequest) {
  const pid = engine === 'host' ? undefined : await container.pid();
  return askNetwork(request, pid, ANSWER_MS);
}

function ending(end: CommandEnd, wanted: number, output: string | undefined): Sight {
  const { status, stdout, stderr, isCut } = end;
  if (isCut) return { holds: false, saw: `does not end in time; ${tail(stdout, stderr)}` };
  const lacks = output !== undefined && !stdout.includes(output) && !stderr.includes(output);
  const holds = status === wanted && !lacks;
  if (holds) return { holds, saw: `ends with ${status}` };
  return {
    holds,
    saw: `ends with ${statusWords(status)}${lacks ? ` without ${quote(output)}` : ''}; ${tail(stdout, stderr)}`,
  };
}

async function hasEnded({ container }: Watched): Promise<boolean> {
  return (await container.pid()) === undefined;
}

/** How a container ended that should run. */
export async function howItEnded({ container }: Watched, otherwise: string): Promise<string> {
  const end = await container.ended(EVERY_MS * 10);
  if (!end) return otherwise;
  return `it ended with ${statusWords(end.status)}; ${tail(end.stdout, end.stderr)}`;
}

/** A status, and the signal that it stands for. */
export function statusWords(status: number): string {
  const signal = Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0];
  return signal === undefined ? String(status) : `${status} (${signal})`;
}

/** The last line that was written. */
function tail(stdout: Buffer, stderr: Buffer): string {
  const line = [stdout, stderr]
    .flatMap((bytes) => bytes.subarray(-4096).toString('utf8').split('\n'))
    .filter((text) => text.trim() !== '')
    .at(-1);
  return line === undefined ? 'it wrote nothing' : `it wrote "${printable(line.trim())}"`;
}
