import { FLOOR_RUNTIMES, floorOf } from '../../build/floors.ts';
import { compareReleases } from '../../build/portability.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import type { Judged } from '../judged.ts';
import { allowing, isDeniedOnPurpose } from '../mends.ts';
import { deniedOf, missingAtStart, releaseOf } from '../missing-at-start.ts';
import type { Found, PolicyRule } from '../policy-rule.ts';
import { SIBLINGS } from '../siblings.ts';
import { START_CALLS, type StartCalls, USUAL_RELEASE } from '../start-calls.ts';

/** The runtime itself works under the filter before it executes the container's program. */
export const cannotStart: PolicyRule = {
  code: 'cannot-start',
  severity: 'critical',
  about:
    'A runtime installs the filter and then makes calls of its own until it executes the program. Where one of these does not pass, no container starts.',
  *find(judged) {
    const runtimes = FLOOR_RUNTIMES[judged.target.runtime?.name ?? 'any'] ?? [];
    for (const runtime of runtimes) {
      const found = startsNothing(judged, runtime) ?? startsNothingLater(judged, runtime);
      if (found) yield found;
    }
  },
};

type Runtime = StartCalls['runtime'];

function startsNothing(judged: Judged, runtime: Runtime): Found | undefined {
  const [withPrivs, without] = [false, true].map((noNewPrivs) => missingAtStart(judged, runtime, noNewPrivs));
  if (without.length > 0)
    return found(
      judged,
      runtime,
      'in no way',
      without,
      (list) => `${runtime} starts no container: under the filter it calls ${list} itself`,
    );
  if (withPrivs.length === 0) return undefined;
  const say = (list: string) =>
    `${runtime} starts a container only with no_new_privs: without it, it calls ${list} itself under the filter`;
  return { ...found(judged, runtime, 'with no_new_privs', withPrivs, say), severity: 'high' };
}

/** Where no release is meant: what newer ones need. */
function startsNothingLater(judged: Judged, runtime: Runtime): Found | undefined {
  if (releaseOf(judged, runtime) !== undefined) return undefined;
  const rows = START_CALLS.filter(
    ({ runtime: of, since }) =>
      of === runtime && since !== undefined && compareReleases(since, USUAL_RELEASE) > 0,
  );
  const calls = deniedOf(judged, rows);
  if (calls.length === 0) return undefined;
  const say = (list: string) =>
    `${runtime} from ${rows[0].since} on starts no container: it calls ${list} itself, too`;
  return { ...found(judged, runtime, 'when new', calls, say), severity: 'high' };
}

function found(
  judged: Judged,
  runtime: Runtime,
  how: string,
  calls: readonly string[],
  say: (list: string) => string,
): Found {
  const witness = judged.witness(judged.native, calls[0]);
  return {
    message: say(calls.join(', ')),
    calls,
    identity: `${runtime} ${how}`,
    place: judged.placeOf(judged.verdict(judged.native, calls[0], witness.args).origin),
    witness,
    fix: advice(`callgate build --runtime ${runtime} adds what ${runtime} needs`),
    ...starting(judged, runtime, calls),
  };
}

/** The same for every profile. */
const FLOORS = new Map<string, readonly string[]>();

function floorNames(runtime: Runtime, release: string | undefined): readonly string[] {
  const key = `${runtime} ${release}`;
  const known = FLOORS.get(key) ?? [...floorOf({ runtime, release, noNewPrivs: false }).keys()];
  FLOORS.set(key, known);
  return known;
}

/** Everything that the runtime was seen to call passes, for of two calls that it can do without it may need one. */
function starting(judged: Judged, runtime: Runtime, calls: readonly string[]): Pick<Found, 'mend'> {
  const { native } = judged;
  const floor = floorNames(runtime, releaseOf(judged, runtime));
  // What does the same as a call that somebody denies is not wanted, either.
  const isUnwanted = (name: string) =>
    SIBLINGS.some(
      ({ calls: alike, isGuarded }) =>
        isGuarded &&
        alike.includes(name) &&
        alike.some(
          (other) => judged.decision(native, other) !== undefined && isDeniedOnPurpose(judged, other),
        ),
    );
  const isForgotten = (name: string) =>
    judged.fails(native, name) && !isDeniedOnPurpose(judged, name) && !isUnwanted(name);
  const others = floor.filter((name) => judged.decision(native, name) !== undefined && isForgotten(name));
  return allowing(judged, [...new Set([...calls, ...others])].sort());
}
