import { plural, printable } from '@callgate/engine/internal/report/words';
import type { LaunchPlan } from '@callgate/linux/internal/launch/launch';
import { chooseRecorder, RECORDERS } from '@callgate/linux/internal/recorders/choose';
import { recordProgram } from '@callgate/linux/internal/recorders/record';
import type { Recorder } from '@callgate/linux/internal/recorders/recorder';
import { CliFailure, type Context } from '../context.ts';
import { withInherited } from './inherited.ts';
import { launchFailure, routeSignals, type SignalRoute, stoppedBy } from './program-run.ts';

/** The recorder of that name, or the best that works here and why better ones do not. */
export function findRecorder(name: string): { recorder: Recorder; reason?: string } {
  if (name === 'auto') {
    const choice = chooseRecorder();
    const reasons = choice.passedOver.map(({ id, why }) => `${id}: ${why}`).join('; ');
    if (!choice.recorder) throw new CliFailure(`nothing can record here: ${reasons}`);
    return {
      recorder: choice.recorder,
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
  recorder: Recorder,
  command: LaunchPlan['command'],
  say: (text: string) => void,
  plan: Partial<LaunchPlan> = {},
  route: SignalRoute = { stop: new AbortController() },
  args = false,
) {
  const off = routeSignals(context, route);
  try {
    return await recordProgram(recorder, withInherited(context, { command, env: context.env, ...plan }), {
      args,
      stop: route.stop.signal,
      started: (pid) => {
        route.pid = pid;
      },
      ended: () => {
        route.pid = undefined;
      },
      waiting: (processes) =>
        say(
          `the program has ended, ${plural(processes, 'process', 'processes')} it started still run; Ctrl-C stops them`,
        ),
    });
  } catch (fault) {
    throw stoppedBy(route, fault) ?? launchFailure(fault, command[0]);
  } finally {
    off();
  }
}
