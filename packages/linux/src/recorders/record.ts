import {
  type LifePart,
  type Observation,
  PHASES,
  RECORDING_SCHEMA,
  type Recording,
  type SeenArguments,
} from '@callgate/engine/internal/recording/recording';
import { worthOf } from '@callgate/engine/internal/recording/worthwhile-arguments';
import { nameOf } from '@callgate/engine/internal/syscalls/lookup';
import type { Ending, LaunchPlan } from '../launch/launch.ts';
import { thisMachine } from '../machine.ts';
import { withLives } from './ebpf/life.ts';
import type { PhaseCount, Recorder, RecordHooks, Tally } from './recorder.ts';

/** Runs a program to its end under a recorder: what it called, and how it ended. */
export async function recordProgram(
  recorder: Recorder,
  plan: LaunchPlan,
  hooks: RecordHooks = {},
): Promise<{ readonly recording: Recording; readonly ending: Ending }> {
  const started = new Date();
  const tally = await recorder.record(plan, hooks);
  const { ending } = tally;
  const lacks: LifePart[] = ending.signal === 'SIGKILL' ? ['shutdown'] : [];
  return { recording: recordingOf({ ...tally, lacks }, recorder.id, plan.command, started), ending };
}

/** What a filter answers that the program installs itself, no recorder takes for a call that the profile must allow. */
function ownFilters(counts: readonly PhaseCount[]): string[] {
  const PR_SET_SECCOMP = 22n;
  const installs = ({ arch, nr, args, count }: PhaseCount) => {
    const name = nameOf(arch, nr);
    return count > 0 && (name === 'seccomp' || (name === 'prctl' && args?.[0] === PR_SET_SECCOMP));
  };
  return counts.some(installs)
    ? ['the program installs filters of its own: calls that these deny or answer are not in the recording']
    : [];
}

/** What is known of the container that was recorded. */
export type RecordedContainer = Pick<Recording['machine'], 'capabilities'>;

/** What a recorder saw, as a recording of this machine. */
export function recordingOf(
  tally: Omit<Tally, 'ending'> & { readonly lacks: readonly LifePart[] },
  recorder: string,
  command: readonly string[],
  started: Date,
  container: RecordedContainer | undefined = undefined,
): Recording {
  const { abi, release } = thisMachine();
  return {
    schema: RECORDING_SCHEMA,
    machine: { arch: abi.name, kernel: release, ...(container && { container: true, ...container }) },
    recorder,
    command,
    started: started.toISOString(),
    runs: 1,
    lost: tally.lost,
    left: tally.left,
    ambiguous: tally.ambiguous,
    countsDenied: tally.countsDenied,
    lacks: tally.lacks,
    notes: [...(tally.notes ?? []), ...(tally.countsDenied ? [] : ownFilters(tally.counts))],
    observations: observationsOf(withLives(tally.counts)),
  };
}

/** One observation for each ABI, number and phase, in that order. */
function observationsOf(counts: readonly PhaseCount[]): Observation[] {
  const groups = new Map<string, [PhaseCount, ...PhaseCount[]]>();
  for (const count of counts) {
    const key = `${count.arch} ${count.nr} ${count.phase ?? 'run'}`;
    const group = groups.get(key);
    if (group) group.push(count);
    else groups.set(key, [count]);
  }
  return [...groups.values()].map(observationOf).sort(inOrder);
}

function observationOf(group: readonly [PhaseCount, ...PhaseCount[]]): Observation {
  const [{ arch, nr, phase = 'run' }] = group;
  const name = nameOf(arch, nr) ?? '';
  const first = group.reduce((a, b) => ((b.time ?? Infinity) < (a.time ?? Infinity) ? b : a));
  const args = worthOf(name) ? argumentsOf(name, group) : [];
  return {
    arch,
    nr,
    name,
    count: group.reduce((sum, c) => sum + c.count, 0),
    phase,
    denied: group.reduce((sum, c) => sum + c.denied, 0),
    ...(group.some((c) => c.assumed) && { assumed: true }),
    ...(first.time !== undefined && {
      first: {
        ...(first.process !== undefined && { process: first.process }),
        time: new Date(first.time).toISOString(),
      },
    }),
    ...(args.length > 0 && { args }),
  };
}

function argumentsOf(name: string, group: readonly PhaseCount[]): SeenArguments[] {
  const worth = worthOf(name)!;
  return group.flatMap(({ args, count }) =>
    args && count > 0
      ? [{ values: worth.map((wanted, i) => (wanted ? (args[i]?.toString() ?? null) : null)), count }]
      : [],
  );
}

function inOrder(a: Observation, b: Observation): number {
  if (a.arch !== b.arch) return a.arch < b.arch ? -1 : 1;
  return a.nr - b.nr || PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase);
}
