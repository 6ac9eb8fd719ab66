import { creditOf, isRefused, judgeWay } from './judge-trial.ts';
import {
  type Attack,
  type AttackTrial,
  type AttackWay,
  type MakeCalls,
  UNTOLD_ERRNO,
  type WayEnd,
} from './trial.ts';

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
  const ends = await confined(ways.map((way, i) => expecting(way, controls[i])));
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

/** Calls that answer nothing: what looks like their answer is the status of the process that made them. */
const ENDING = ['exit', 'exit_group'];

/**
 * Of a call of which nobody knows what it answers, what it has answered without the profile is what comes of it where nothing
 * stops it: a process that can only tell one answer from others then tells that one.
 */
function expecting(way: AttackWay, control: WayEnd): AttackWay {
  if (way.reached.length > 0 || control.kind !== 'returned' || ENDING.includes(way.syscall)) return way;
  const errno = Math.max(0, Number(-control.result));
  return errno === UNTOLD_ERRNO ? way : { ...way, reached: [errno] };
}
