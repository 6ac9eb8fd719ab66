import { stringifyRecording } from '@callgate/engine/internal/recording/recording';
import { printable } from '@callgate/engine/internal/report/words';
import { NoSuchContainer } from '@callgate/linux/internal/container/container-engine';
import { ebpf } from '@callgate/linux/internal/recorders/ebpf/ebpf';
import {
  type Attached,
  type AttachTarget,
  attach,
  NotAttachable,
} from '@callgate/linux/internal/recorders/record-attached';
import { CliFailure, type Context } from '../context.ts';
import { writeResult } from '../terminal/write-file.ts';
import { onSignals, STOPPING } from './signals.ts';

/** How something that runs already is recorded. */
export interface AttachPlan {
  readonly target: AttachTarget;
  readonly args: boolean;
  /** Milliseconds; undefined: until it ends or a signal comes. */
  readonly duration?: number;
  /** Where snapshots go. */
  readonly output?: string;
  readonly say: (text: string) => void;
}

/** Records until everything recorded has ended, a signal comes, or the time is over; the recorded go on unharmed. */
export async function recordRunning(context: Context, plan: AttachPlan): Promise<Attached> {
  const why = ebpf.unavailable();
  if (why) throw new CliFailure(`what runs already can only be recorded with eBPF: ${why}`);
  const stop = new AbortController();
  const offs = [onSignals(context, STOPPING, () => stop.abort())];
  let timer: NodeJS.Timeout | undefined;
  let attached: Attached | undefined;
  offs.push(context.onSignal('SIGUSR1', () => attached && snapshot(context, plan, attached)));
  try {
    attached = await attach(plan.target, {
      args: plan.args,
      stop: stop.signal,
      waiting: () => plan.say(`waiting for ${nameOf(plan.target)} to start; Ctrl-C gives up`),
      attached: (what) => {
        plan.say(`recording ${printable(what)}; Ctrl-C ends the recording, not what it records`);
        if (plan.duration !== undefined) timer = setTimeout(() => stop.abort(), plan.duration);
      },
    });
    await attached.ended;
    return attached;
  } catch (fault) {
    attached?.close();
    if (fault instanceof NotAttachable || fault instanceof NoSuchContainer)
      throw new CliFailure(printable(fault.message));
    throw fault;
  } finally {
    clearTimeout(timer);
    for (const off of offs) off();
  }
}

function snapshot(context: Context, { output, say }: AttachPlan, attached: Attached): void {
  if (output === undefined || output === '-') {
    say('SIGUSR1 writes a snapshot to the file of -o, but there is none');
    return;
  }
  try {
    writeResult(context, output, stringifyRecording(attached.snapshot()));
    say(`wrote a snapshot to ${printable(output)}; the recording goes on`);
  } catch (fault) {
    // A disk that is full for a while is no reason to lose what was recorded for days.
    say(`${(fault as Error).message}; the recording goes on`);
  }
}

function nameOf(target: AttachTarget): string {
  return target.kind === 'container' ? printable(target.reference) : 'it';
}
