import { plural, printable } from '@callgate/engine/internal/report/words';
import type { LaunchPlan } from '@callgate/linux/internal/launch/launch';
import { chooseRecorder, RECORDERS, recorderAfter } from '@callgate/linux/internal/recorders/choose';
import { recordProgram } from '@callgate/linux/internal/recorders/record';
import { type Recorder, RecorderCannotStart } from '@callgate/linux/internal/recorders/recorder';
import { CliFailure, type Context } from '../context.ts';
import { withInherited } from './inherited.ts';
import { launchFailure, routeSignals, type SignalRoute, stoppedBy } from './program-run.ts';

/** A recorder, why it is not a better one, and whether another may take its place. */
export interface ChosenRecorder {
  readonly recorder: Recorder;
  readonly reason?: string;
  readonly isAuto?: boolean;
}

/** The recorder of that name, or the best that works here. */
export function findRecorder(name: string): ChosenRecorder {
  if (name === 'auto') {
    const choice = chooseRecorder();
    const reasons = choice.passedOver.map(({ id, why }) => `${id}: ${why}`).join('; ');
    if (!choice.recorder) throw new CliFailure(`nothing can record here: ${reasons}`);
    return {
      recorder: choice.recorder,
      isAuto: true,
      reason: reasons && `recording with ${choice.recorder.id} (${reasons})`,
    };
  }
  const recorder = RECORDERS.find((r) => r.id === name);
  const names = ['auto', ...RECORDERS.map((r) => r.id)].join(', ');
  if (!recorder) throw new CliFailure(`there is no recorder "${printable(name)}"; it is one of ${names}`);
  const why = recorder.unavailable();
  if (why) throw new CliFailure(`${recorder.id} cannot record here: ${why}`);
  return { recorder };
}

/** Records a program; signals are the program's while it lives, later ones stop what it left running. */
export async function recordWithSignals(
  context: Context,
  { recorder: chosen, isAuto = false }: ChosenRecorder,
  command: LaunchPlan['command'],
  say: (text: string) => void,
  plan: Partial<LaunchPlan> = {},
  route: SignalRoute = { stop: new AbortController() },
  args = false,
) {
  const off = routeSignals(context, route);
  try {
    const record = (recorder: Recorder) =>
      recordProgram(recorder, withInherited(context, { command, env: context.env, ...plan }), {
        args,
        stop: route.stop.signal,
        started: (pid) => {
          route.pid = pid;
        },
        looking: (look) => {
          route.look = look;
        },
        ended: () => {
          route.pid = undefined;
        },
        waiting: (processes) =>
          say(
            `the program has ended, ${plural(processes, 'process', 'processes')} it started still run; Ctrl-C stops them`,
          ),
      });
    return await (isAuto ? withFirstThatStarts(chosen, record, say) : record(chosen));
  } catch (fault) {
    throw stoppedBy(route, fault) ?? launchFailure(fault, command[0]);
  } finally {
    off();
  }
}

/** What looked as if it worked may fail when it begins: then the next best one serves. */
async function withFirstThatStarts<T>(
  recorder: Recorder,
  record: (recorder: Recorder) => Promise<T>,
  say: (text: string) => void,
): Promise<T> {
  try {
    return await record(recorder);
  } catch (fault) {
    const next = fault instanceof RecorderCannotStart ? recorderAfter(recorder) : undefined;
    if (!next) throw fault;
    say(`${(fault as Error).message}; recording with ${next.id}`);
    return withFirstThatStarts(next, record, say);
  }
}
