import { randomInt } from 'node:crypto';
import { type Action, actionOfWord, executes } from '@callgate/engine/internal/bpf/action';
import { type Instruction, instruction, type Program } from '@callgate/engine/internal/bpf/instruction';
import * as op from '@callgate/engine/internal/bpf/opcodes';
import { ARCH_OFFSET, type Endian, NR_OFFSET } from '@callgate/engine/internal/bpf/seccomp-data';
import { runProgram, type SeccompData } from '@callgate/engine/internal/bpf/vm';
import { abiOfCall } from '@callgate/engine/internal/syscalls/arch';
import { type LaunchPlan, launch } from '../../launch/launch.ts';
import { nativeNumber, thisMachine } from '../../machine.ts';
import type { PhaseCount, Recorder, RecordHooks, Tally } from '../recorder.ts';
import { notify } from './notify.ts';
import { RET_USER_NOTIF, supervise } from './supervisor.ts';

const ENOSYS = 38;

/**
 * Counts the calls that a plan's filter answers with an errno, or logs: instead of the filter, callgate answers those, with
 * the same errno, or lets them pass. All others go their way at full speed and are not counted.
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
  if (!executes(first.kind) && first.kind !== 'ERRNO') return runAlone({ ...plan, stop: hooks.stop });
  // The launcher's execve, and no other one, asks whatever the filter says of it: so it waits until its listener is taken.
  const secret = randomInt(1, 2 ** 47);
  const asking: Program = [
    ...unlessLaunching(auditArch, execve, secret, endian, instruction(op.RET_K, RET_USER_NOTIF)),
    ...plan.filter.map((i) => (isCounted(i) ? { ...i, k: RET_USER_NOTIF } : i)),
  ];
  const logged = new Set<string>();
  const decide = (call: SeccompData) => {
    const action = judge(call);
    if (action.kind === 'LOG') logged.add(`${abiOfCall(call.arch, call.nr)?.name} ${call.nr}`);
    return answerTo(action);
  };
  const tally = await supervise(
    { ...plan, filter: asking, lastArgument: secret },
    hooks,
    decide,
    'some calls',
  );
  const isWanted = ({ arch, nr, denied }: PhaseCount) => denied > 0 || logged.has(`${arch} ${nr}`);
  return { ...tally, counts: tally.counts.filter(isWanted) };
}

/** What a call gets that waits for an answer: an errno, or undefined to let it pass. Only what the filter lets pass passes. */
function answerTo({ kind, data }: Action): number | undefined {
  switch (kind) {
    case 'ALLOW':
    case 'LOG':
      return undefined;
    case 'ERRNO':
      return data;
    // Nobody listens or traces; what kills never asks, for the filter itself does that.
    default:
      return ENOSYS;
  }
}

/** Instructions that end in `then` for the one execve whose sixth argument is the secret, and go on for all other calls. */
function unlessLaunching(
  auditArch: number,
  execve: number,
  secret: number,
  endian: Endian,
  then: Instruction,
): Instruction[] {
  const last = 16 + 5 * 8;
  const [low, high] = endian === 'little' ? [last, last + 4] : [last + 4, last];
  const tests: readonly (readonly [offset: number, value: number])[] = [
    [ARCH_OFFSET, auditArch],
    [NR_OFFSET, execve],
    [low, secret % 2 ** 32],
    [high, Math.floor(secret / 2 ** 32)],
  ];
  return [
    ...tests.flatMap(([offset, value], i) => [
      instruction(op.LD_ABS, offset),
      instruction(op.JEQ_K, value, 0, 2 * (tests.length - 1 - i) + 1),
    ]),
    then,
  ];
}

/** A program that does not survive its own execve. */
async function runAlone(plan: LaunchPlan): Promise<Tally> {
  const launched = await launch(plan);
  await launched.go();
  return { ending: await launched.ended, counts: [], lost: 0, left: 0, ambiguous: 0, countsDenied: true };
}

function isCounted({ code, k }: Instruction): boolean {
  return code === op.RET_K && ['ERRNO', 'LOG'].includes(actionOfWord(k).kind);
}
