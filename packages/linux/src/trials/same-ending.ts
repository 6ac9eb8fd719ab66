import type { CheckOutcome } from '@callgate/engine/internal/report/test-report';
import type { CommandEnd, StartedContainer } from '../container/container-host.ts';
import { interruptible } from './interruptible.ts';
import { statusWords } from './look.ts';

/** A program that runs for longer is one that waits for something. */
const PATIENCE_MS = 10_000;

/** Whether a program ends under the profile as it does without it, and writes as much. */
export async function checkEnding(
  confined: StartedContainer,
  control: () => Promise<StartedContainer>,
  stop: AbortSignal | undefined,
): Promise<CheckOutcome> {
  const under = await ending(confined, stop);
  const without = await ending(await control(), stop);
  const difference = differenceOf(under, without);
  const common = { name: 'it works as without the profile', kind: 'function', credit: 'none' } as const;
  const [saw, other] = [under, without].map((end) =>
    end ? `ends with ${statusWords(end.status)}` : 'runs on',
  );
  return difference === undefined
    ? { ...common, state: 'passed', confined: saw, control: other, why: saw }
    : { ...common, state: 'failed', confined: saw, control: other, why: difference };
}

async function ending(
  container: StartedContainer,
  stop: AbortSignal | undefined,
): Promise<CommandEnd | undefined> {
  try {
    return await interruptible(stop, container.ended(PATIENCE_MS));
  } finally {
    await container.remove();
  }
}

function differenceOf(under: CommandEnd | undefined, without: CommandEnd | undefined): string | undefined {
  if (!under || !without) {
    if (!under && !without) return undefined;
    return under
      ? `it ends with ${statusWords(under.status)}, and runs on without the profile${lastLine(under)}`
      : `it runs on, and ends with ${statusWords(without!.status)} without the profile`;
  }
  if (under.status !== without.status)
    return `it ends with ${statusWords(under.status)}, and with ${statusWords(without.status)} without the profile${lastLine(under)}`;
  for (const stream of ['stdout', 'stderr'] as const) {
    const [lines, others] = [under, without].map((end) => linesOf(end[stream]));
    if (lines !== others)
      return `it writes ${lines} lines to ${stream}, and ${others} without the profile${lastLine(under)}`;
  }
  return undefined;
}

function linesOf(bytes: Buffer): number {
  return bytes.reduce((lines, byte) => lines + (byte === 0x0a ? 1 : 0), 0);
}

function lastLine({ stderr }: CommandEnd): string {
  const line = stderr.toString('utf8').trim().split('\n').at(-1);
  return line ? `: ${line}` : '';
}
