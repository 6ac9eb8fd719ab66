import { compareReleases } from '../build/portability.ts';
import type { Judged } from './judged.ts';
import { START_CALLS, type StartCalls, USUAL_RELEASE } from './start-calls.ts';

/** The calls without which a runtime starts no container and which the profile denies, with or without no_new_privs. */
export function missingAtStart(
  judged: Judged,
  runtime: StartCalls['runtime'],
  noNewPrivs: boolean,
): string[] {
  const release = releaseOf(judged, runtime) ?? USUAL_RELEASE;
  const rows = START_CALLS.filter(
    ({ runtime: of, noNewPrivs: how, since }) =>
      of === runtime && how === noNewPrivs && (since === undefined || compareReleases(since, release) <= 0),
  );
  return deniedOf(judged, rows);
}

/** The release of a runtime that is meant. */
export function releaseOf({ target }: Judged, runtime: StartCalls['runtime']): string | undefined {
  return target.runtime?.name === runtime ? target.runtime.release?.join('.') : undefined;
}

/** The calls of the rows that the machine has and the policy never lets pass. */
export function deniedOf(judged: Judged, rows: readonly StartCalls[]): string[] {
  const { native } = judged;
  return [...new Set(rows.flatMap(({ calls }) => calls.split(' ')))]
    .sort()
    .filter((name) => judged.fails(native, name) && !isTolerated(judged, name));
}

/** crun goes on where some calls are answered EINVAL; what runtimes do with it was not measured call by call. */
const EINVAL = 22;

function isTolerated(judged: Judged, name: string): boolean {
  const { native } = judged;
  return judged
    .verdicts(native, name)
    .some(({ verdict: { action, data } }) => action === 'ERRNO' && data === EINVAL);
}
