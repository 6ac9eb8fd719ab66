import { FLOOR_RUNTIMES } from '../../build/floors.ts';
import { advice } from '../../diagnostics/diagnostic.ts';
import type { Judged } from '../judged.ts';
import type { Found, PolicyRule } from '../policy-rule.ts';
import { START_CALLS, type StartCalls } from '../start-calls.ts';

/** The runtime itself works under the filter before it executes the container's program. */
export const cannotStart: PolicyRule = {
  code: 'cannot-start',
  severity: 'critical',
  about:
    'A runtime installs the filter and then makes calls of its own until it executes the program. Where one of these does not pass, no container starts.',
  *find(judged) {
    const runtimes = FLOOR_RUNTIMES[judged.target.runtime?.name ?? 'any'] ?? [];
    for (const runtime of runtimes) {
      const found = startsNothing(judged, runtime);
      if (found) yield found;
    }
  },
};

function startsNothing(judged: Judged, runtime: StartCalls['runtime']): Found | undefined {
  const [withPrivs, without] = [false, true].map((noNewPrivs) => {
    const { calls } = START_CALLS.find((way) => way.runtime === runtime && way.noNewPrivs === noNewPrivs)!;
    return calls.filter(
      (name) =>
        judged.passes(judged.native, name) === 'never' && judged.decision(judged.native, name) !== undefined,
    );
  });
  if (withPrivs.length === 0) return undefined;
  const name = without[0] ?? withPrivs[0];
  const witness = judged.witness(judged.native, name);
  const place = judged.placeOf(judged.verdict(judged.native, name, witness.args).origin);
  const fix = advice(`callgate build --runtime ${runtime} adds what ${runtime} needs`);
  if (without.length > 0)
    return {
      message: `${runtime} starts no container: under the filter it calls ${without.join(', ')} itself`,
      place,
      witness,
      fix,
    };
  return {
    severity: 'high',
    message: `${runtime} starts a container only with no_new_privs: without it, it calls ${withPrivs.join(', ')} itself under the filter`,
    place,
    witness,
    fix,
  };
}
