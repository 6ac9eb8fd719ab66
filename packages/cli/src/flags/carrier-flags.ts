import { printable } from '@callgate/engine/internal/report/words';
import { answered } from '@callgate/workload/internal/carriers/answers';
import type { Carrier } from '@callgate/workload/internal/carriers/carrier';
import { CliFailure } from '../context.ts';

/** Collects --set KEY=VALUE; a key that is given twice is a mistake. */
export function answerGiven(
  text: string,
  before: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const at = text.indexOf('=');
  if (at <= 0) throw new CliFailure(`--set ${printable(text)}: write it as KEY=VALUE`);
  const key = text.slice(0, at);
  if (before.has(key)) throw new CliFailure(`--set ${printable(key)} was given twice`);
  return new Map([...before, [key, text.slice(at + 1)]]);
}

/** What a carrier is told of what only the user knows, or a failure that says what it asks. */
export function answersFor(
  carrier: Carrier,
  given: ReadonlyMap<string, string> = new Map(),
): Readonly<Record<string, string>> {
  const result = answered(carrier, given);
  if ('fault' in result) throw new CliFailure(`--set: ${result.fault}`);
  return result.answers;
}
