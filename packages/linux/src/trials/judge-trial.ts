import { type AttackWay, type Credit, SIGALRM, type WayEnd, type WayTrial } from './trial.ts';

const EPERM = 1;
const EACCES = 13;

/** Whether a call came as far as it could: neither a filter nor a missing right stopped it. */
export function isReached(way: AttackWay, end: WayEnd): boolean {
  if (end.kind === 'signal' && end.signal === SIGALRM) return true;
  if (end.kind !== 'returned') return false;
  return way.reached.includes(end.result < 0n ? Number(-end.result) : 0);
}

/**
 * What stopped a call, from how it ended under the profile and without it. Only what is reached without the profile can be to
 * the profile's credit. Where nobody could tell how it ended under the profile, nothing is: it counts as open.
 */
export function judgeWay(way: AttackWay, confined: WayEnd, control: WayEnd): Credit {
  if (!isReached(way, control)) return 'kernel';
  const isKnown = confined.kind !== 'untried' && confined.kind !== 'refused';
  return !isKnown || isReached(way, confined) ? 'none' : 'profile';
}

/** What stopped an attack: nothing, if it has one open way; else the profile, if one way is to its credit. */
export function creditOf(ways: readonly Pick<WayTrial, 'credit'>[]): Credit {
  const credits = ways.map(({ credit }) => credit);
  return credits.includes('none') ? 'none' : credits.includes('profile') ? 'profile' : 'kernel';
}

/** Whether the kernel refused a call because the caller lacks a right. */
export function isRefused(end: WayEnd): boolean {
  return end.kind === 'returned' && [EPERM, EACCES].includes(Number(-end.result));
}
