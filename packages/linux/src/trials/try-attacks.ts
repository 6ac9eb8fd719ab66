import { creditOf, isRefused, judgeWay } from './judge-trial.ts';
import type { Attack, AttackTrial, AttackWay, MakeCalls, WayEnd } from './trial.ts';

/**
 * Tries attacks under a profile and, as control, without it: each maker is asked once, for all calls together. In the control
 * a call whose arguments the kernel looks at too early ends as the one does that asks for the same right, if that is refused.
 */
export async function tryAttacks(
  attacks: readonly Attack[],
  confined: MakeCalls,
  control: MakeCalls,
): Promise<AttackTrial[]> {
  const ways = attacks.flatMap((attack) => attack.ways);
  const asking = ways.filter((way) => way.asks);
  const controls = await control([...ways, ...asking.map((way) => way.asks!)]);
  const refused = new Map<AttackWay, WayEnd>();
  for (const [i, way] of asking.entries()) {
    const end = controls[ways.length + i];
    if (isRefused(end)) refused.set(way, end);
  }
  const ends = await confined(ways);
  const trials = ways.map((way, i) => {
    const free = refused.get(way) ?? controls[i];
    return { way, confined: ends[i], control: free, credit: judgeWay(way, ends[i], free) };
  });
  let next = 0;
  return attacks.map((attack) => {
    const own = trials.slice(next, next + attack.ways.length);
    next += attack.ways.length;
    return { attack, ways: own, credit: creditOf(own) };
  });
}
