import { RECORDING_SCHEMA, type Recording } from '@callgate/engine/record/observation';
import { nameOf } from '@callgate/engine/syscalls/lookup';
import type { Ending, LaunchPlan } from './launch.ts';
import { thisMachine } from './machine.ts';
import type { Recorder, RecordHooks } from './recorders/recorder.ts';

/** Runs a program to its end under a recorder: what it called, and how it ended. */
export async function recordProgram(
  recorder: Recorder,
  plan: LaunchPlan,
  hooks: RecordHooks = {},
): Promise<{ readonly recording: Recording; readonly ending: Ending }> {
  const started = new Date().toISOString();
  const tally = await recorder.record(plan, hooks);
  const { abi, release } = thisMachine();
  const recording: Recording = {
    schema: RECORDING_SCHEMA,
    machine: { arch: abi.name, kernel: release },
    recorder: recorder.id,
    command: plan.command,
    started,
    runs: 1,
    lost: tally.lost,
    left: tally.left,
    ambiguous: tally.ambiguous,
    countsDenied: tally.countsDenied,
    notes: [],
    observations: tally.counts.map(({ arch, nr, count, denied }) => ({
      arch,
      nr,
      name: nameOf(arch, nr) ?? '',
      count,
      phase: 'run',
      denied,
    })),
  };
  return { recording, ending: tally.ending };
}
