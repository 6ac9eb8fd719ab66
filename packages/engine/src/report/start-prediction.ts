import type { Judged } from '../lint/judged.ts';
import { missingAtStart } from '../lint/missing-at-start.ts';
import type { StartCalls } from '../lint/start-calls.ts';
import { formatAction } from './action.ts';
import { listed } from './words.ts';

const MOST_NAMED = 8;

/** Why a runtime will start nothing under a profile, and what the calls are answered that it needs; undefined: it may well. */
export function predictStart(
  judged: Judged,
  runtime: StartCalls['runtime'],
  noNewPrivs: boolean,
): string | undefined {
  const missing = missingAtStart(judged, runtime, noNewPrivs);
  return missing.length === 0 ? undefined : `${runtime} itself calls ${answered(judged, missing)}`;
}

/** The same for a program that is started without any runtime. */
export function predictExecution(judged: Judged): string | undefined {
  return judged.fails(judged.native, 'execve')
    ? `the program is started by ${answered(judged, ['execve'])}`
    : undefined;
}

function answered(judged: Judged, calls: readonly string[]): string {
  const { native } = judged;
  const answers = new Set(
    calls.flatMap((name) =>
      judged.verdicts(native, name).map(({ verdict: { action, data } }) => formatAction(action, data)),
    ),
  );
  return `${listed(calls, MOST_NAMED)}, which the profile answers with ${[...answers].join(' or ')}`;
}
