import { ebpf } from './ebpf/ebpf.ts';
import { log } from './logs/log.ts';
import { strace } from './logs/strace.ts';
import { tracefs } from './logs/tracefs.ts';
import { notify } from './notify/notify.ts';
import type { Recorder } from './recorder.ts';

/** Every recorder, the best first: exact ones before those that lose events or do not tell the ABI, fast ones before slow. */
export const RECORDERS: readonly Recorder[] = [ebpf, notify, tracefs, log, strace];
/** A recorder that works here, and why it was taken. */
export interface Choice {
  readonly recorder: Recorder;
  /** For each better one: why it cannot work here. */
  readonly passedOver: readonly { readonly id: string; readonly why: string }[];
}

/** The next best one that works here, for when a recorder cannot start after all. */
export function recorderAfter(recorder: Recorder): Recorder | undefined {
  return RECORDERS.slice(RECORDERS.indexOf(recorder) + 1).find((r) => r.unavailable() === undefined);
}

/** The best recorder that works on this machine for this user; undefined with reasons when none does. */
export function chooseRecorder():
  | Choice
  | { readonly recorder?: undefined; readonly passedOver: Choice['passedOver'] } {
  const passedOver: { id: string; why: string }[] = [];
  for (const recorder of RECORDERS) {
    const why = recorder.unavailable();
    if (why === undefined) return { recorder, passedOver };
    passedOver.push({ id: recorder.id, why });
  }
  return { passedOver };
}
