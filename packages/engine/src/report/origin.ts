import type { Reason } from '../build/demand.ts';
import type { Phase } from '../recording/recording.ts';
import { grouped } from './words.ts';

/** Why a call is in a profile, in a few words: "seen 12 times in 2 of 3 runs, first by nginx". */
export function formatReason(reason: Reason, runs: number): string {
  switch (reason.kind) {
    case 'seen': {
      const who = reason.process ? `, first by ${reason.process}` : '';
      const when = formatPhases(reason.phases);
      return `seen ${times(reason.count)} in ${reason.runs} of ${runs} ${runs === 1 ? 'run' : 'runs'}${who}${when}`;
    }
    case 'base':
      return `not seen: ${reason.why}`;
    case 'floor':
      return `${reason.runtime === 'recorded' ? 'the container runtime' : `floor of ${reason.runtime}`}: ${reason.why}`;
    case 'projection':
    case 'forecast':
      return `${reason.kind}: from ${reason.from.join(', ')} — ${reason.why}`;
    case 'hand':
      return reason.why;
  }
}

/** When, where that is not the whole life: " (startup only)", " (steady, exec)". */
function formatPhases(phases: readonly Phase[]): string {
  const isOfLife = (phase: Phase) => phase === 'startup' || phase === 'shutdown';
  if (phases.length > 0 && phases.every(isOfLife)) return ` (${phases.join(', ')} only)`;
  return phases.includes('exec') ? ` (${phases.join(', ')})` : '';
}

function times(count: number): string {
  return `${grouped(count)} ${count === 1 ? 'time' : 'times'}`;
}
