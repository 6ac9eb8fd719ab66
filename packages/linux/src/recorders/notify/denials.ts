import { actionOfWord } from '@callgate/engine/internal/bpf/action';
import { type Instruction, instruction, type Program } from '@callgate/engine/internal/bpf/instruction';
import * as op from '@callgate/engine/internal/bpf/opcodes';
import { NR_OFFSET } from '@callgate/engine/internal/bpf/seccomp-data';
import { runProgram, type SeccompData } from '@callgate/engine/internal/bpf/vm';
import { type LaunchPlan, launch } from '../../launch/launch.ts';
import { nativeNumber, thisMachine } from '../../machine.ts';
import type { Recorder, RecordHooks, Tally } from '../recorder.ts';
import { notify } from './notify.ts';
import { RET_USER_NOTIF, supervise } from './supervisor.ts';

/**
 * Counts the calls that a plan's filter answers with an errno: instead of the filter, callgate answers those, with the
 * same errno. All others go their way at full speed and are not counted.
 */
export const denials: Recorder = {
  id: 'denials',
  about: "answers denied calls in the filter's place: no root needed, costs nothing for calls that pass",
  unavailable: notify.unavailable,
  record(plan, hooks = {}) {
    if (!plan.filter) throw new Error('nothing is denied without a filter');
    return recordDenials({ ...plan, filter: plan.filter }, hooks);
  },
};

async function recordDenials(plan: LaunchPlan & { filter: Program }, hooks: RecordHooks): Promise<Tally> {
  const { auditArch, endian } = thisMachine().abi;
  const execve = nativeNumber('execve');
  const judge = (call: SeccompData) => actionOfWord(runProgram(plan.filter, call, endian).word);
  const first = judge({ nr: execve, arch: auditArch, args: [0n, 0n, 0n, 0n, 0n, 0n] });
  if (first.kind !== 'ALLOW' && first.kind !== 'ERRNO') return runAlone({ ...plan, stop: hooks.stop });
  const asking: Program = [
    // Every execve asks, so that the launcher's waits until its listener is taken.
    instruction(op.LD_ABS, NR_OFFSET),
    instruction(op.JEQ_K, execve, 0, 1),
    instruction(op.RET_K, RET_USER_NOTIF),
    ...plan.filter.map((i) => (isErrno(i) ? { ...i, k: RET_USER_NOTIF } : i)),
  ];
  const decide = (call: SeccompData) => {
    const { kind, data } = judge(call);
    return kind === 'ERRNO' ? data : undefined;
  };
  const tally = await supervise({ ...plan, filter: asking }, hooks, decide, true);
  return { ...tally, counts: tally.counts.filter((c) => c.denied > 0) };
}

/** A program that does not survive its own execve. */
async function runAlone(plan: LaunchPlan): Promise<Tally> {
  const launched = await launch(plan);
  await launched.go();
  return { ending: await launched.ended, counts: [], lost: 0, left: 0, ambiguous: 0, countsDenied: true };
}

function isErrno({ code, k }: Instruction): boolean {
  return code === op.RET_K && actionOfWord(k).kind === 'ERRNO';
}
