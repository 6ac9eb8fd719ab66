import { advice } from '../../diagnostics/diagnostic.ts';
import { Diagram } from '../../diagram/diagram.ts';
import { withRelease } from '../denied-siblings.ts';
import type { Judged } from '../judged.ts';
import { inWords } from '../listed.ts';
import type { Found, PolicyRule } from '../policy-rule.ts';
import { isDeniedTold, type Place, passingTold, SHARED_ARGUMENTS } from '../shared-arguments.ts';

/** What a call may not be told, another one is told. */
export const siblingUnfiltered: PolicyRule = {
  code: 'sibling-unfiltered',
  severity: 'high',
  about:
    'A call is filtered by an argument, such as the flags of openat or the mode of chmod, but another call that does the same passes with what is denied to the first, or has it in memory, where no filter looks.',
  *find(judged) {
    if (/^(mips|parisc)/.test(judged.native.name)) return;
    for (const { places, values } of SHARED_ARGUMENTS)
      for (const [said, value] of values) {
        const denied = places.filter((place) => isDeniedTold(judged, place, value));
        const told = denied.length > 0 && toldElsewhere(judged, denied, places, said, value);
        if (!told) continue;
        yield told;
        break;
      }
  },
};

function toldElsewhere(
  judged: Judged,
  denied: readonly Place[],
  places: readonly Place[],
  said: string,
  value: bigint,
): Found | undefined {
  const { native } = judged;
  const passing = places.filter((place) => passingTold(judged, place, value) !== Diagram.FALSE);
  const [first] = passing;
  if (!first) return undefined;
  const witness = judged.witness(native, first.name, passingTold(judged, first, value));
  const args = [0n, 0n, 0n, 0n, 0n, 0n].with(denied[0].at as number, value);
  return {
    message: `${inWords(denied.map(({ name }) => name))} with ${said} ${denied.length > 1 ? 'are' : 'is'} denied, but ${how(passing)}`,
    place: judged.placeOf(judged.verdict(native, first.name, witness.args).origin),
    related: judged.placeOf(judged.verdict(native, denied[0].name, args).origin),
    witness,
    fix: advice(
      `filter or deny ${inWords(passing.map(({ name }) => name))}, too${passing.some(({ name }) => name === 'openat2') ? ' (openat2 with ERRNO and errnoRet 38)' : ''}`,
    ),
  };
}

/** How calls pass: with the same argument, with it in memory, or because they do nothing else. */
function how(passing: readonly Place[]): string {
  const told = passing.filter(({ at }) => typeof at === 'number').map(({ name }) => withRelease(name));
  const others = passing
    .filter(({ at }) => typeof at !== 'number')
    .map(
      ({ name, at }) =>
        `${withRelease(name)} passes, which ${at === 'memory' ? 'has it in memory' : 'does that'}`,
    );
  const alike = told.length > 0 ? [`${inWords(told)} ${told.length > 1 ? 'pass' : 'passes'} with it`] : [];
  return [...alike, ...others].join(', and ');
}
