import type { Program } from '@callgate/engine/internal/bpf/instruction';
import type { Rights } from '../launch/trial-program.ts';
import { tryCalls } from '../launch/try-calls.ts';
import { thisMachine } from '../machine.ts';
import { attackMemory } from './attack-memory.ts';
import { ProbeRuns, type RunProbe } from './probe-runs.ts';
import type { MakeCalls } from './trial.ts';

/** Makes calls on this machine, under a filter or under none. Throws LaunchError where no program can be started. */
export function callsOnThisMachine(filter: Program | undefined, rights?: Rights): MakeCalls {
  return (ways) =>
    tryCalls(
      ways.map(({ abi, nr, args }) => {
        const gate = abi === 'x86' && thisMachine().abi.name === 'x86_64' ? ('x86' as const) : undefined;
        return { nr, args, ...(filter && { filter }), ...(gate && { gate }) };
      }),
      { constants: attackMemory(), ...(rights && { rights }) },
    );
}

export interface ProbeLimits {
  /** How often the probe may be started; what is not known by then is untried. */
  readonly runs?: number;
}

const MANY_RUNS = 64;

/** Makes calls by a probe that somebody starts, such as in a container; what `run` throws comes out unchanged. */
export function callsThrough(run: RunProbe, { runs = MANY_RUNS }: ProbeLimits = {}): MakeCalls {
  return (ways) => new ProbeRuns(ways, run, thisMachine().abi.name, runs).ends();
}
