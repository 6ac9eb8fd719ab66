import type { Reason } from '../record/synthesize.ts';

/** Why a call is in a profile, in a few words: "seen 12 times in 2 of 3 runs, first by nginx". */
export function formatReason(reason: Reason, runs: number): string {
  switch (reason.kind) {
    case 'seen': {
      const who = reason.process ? `, first by ${reason.process}` : '';
      const phases = reason.phases.filter((phase) => phase !== 'run');
      const when = phases.length > 0 ? ` (${reason.phases.join(', ')})` : '';
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

function times(count: number): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? 'time' : 'times'}`;
}
