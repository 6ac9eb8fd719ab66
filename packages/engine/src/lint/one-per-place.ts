import type { Verdict } from '../analysis/explain.ts';
import type { Judged } from './judged.ts';
import type { Found } from './policy-rule.ts';

/** What is to be said of an answer that calls really get, once for each rule of the profile that gives it. */
export function onePerPlace(
  judged: Judged,
  say: (verdict: Verdict) => Pick<Found, 'message' | 'fix' | 'severity' | 'mend'> | undefined,
): Found[] {
  const found = new Map<number, Found>();
  for (const { verdict, witness } of judged.answers()) {
    const words = say(verdict);
    const { origin } = verdict;
    const place = origin.because === 'rule' ? origin.rule.action.span : judged.placeOf(origin);
    if (words && !found.has(place.start)) found.set(place.start, { ...words, place, witness });
  }
  return [...found.values()];
}
