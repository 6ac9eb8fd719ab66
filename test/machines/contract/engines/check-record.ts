import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inTime } from '../background.ts';
import { type Bench, type Check, must, mustHold, mustWork, names } from './bench.ts';
import type { Started } from './engine.ts';
import { callsOf, recordingIn } from './recorded.ts';
import { FOREIGN, FOREIGN_CALL, SIGNALS, WORK, WORK_WHEN_TOLD } from './work.ts';

/** Calls that only a container's preparation makes, which no filter sees. */
const OF_PREPARATION = ['mount', 'pivot_root', 'unshare', 'sethostname', 'setns'];

/** A container that runs already: the calls that it makes from then on, and nobody else's; it does not notice. */
export const recordRunning: Check = {
  name: 'record',
  async run(bench) {
    const { host, callgate } = bench;
    const started = host.start({ command: WORK_WHEN_TOLD });
    const file = callgate.newFile();
    const recording = callgate.start('record', ...targetOf(bench, started), '-o', file);
    try {
      await recording.says(/recording/);
      mustWork(host.run({ command: FOREIGN }), '', 'another container');
      tell(started, 'work');
      await inTime('the end of the work', () => existsSync(signal(started, 'worked')));
      recording.interrupt();
      must((await recording.status()) === 0, `record: ${recording.stderr}`);
      must(existsSync(signal(started, 'worked')), 'the container has ended with the recording');
      mustBeOfWork(bench, file, ['startup', 'shutdown']);
    } finally {
      recording.kill();
      host.remove(started.name);
    }
  },
};

/** One that starts later, from its first call to its end, with its runtime's calls under the filter. */
export const recordFromStart: Check = {
  name: 'record from the start',
  async run(bench) {
    const { file, stderr } = await recordWork(bench);
    mustBeOfWork(bench, file, []);
    mustHold(
      callsOf(recordingIn(file), 'runtime'),
      ['execve', 'close'],
      `the runtime's part (${stderr.trim()})`,
    );
  },
};

/** Records a container that does the work, from its start. */
export async function recordWork(
  { host, callgate }: Bench,
  noNewPrivs = false,
): Promise<{ file: string; stderr: string }> {
  const file = callgate.newFile();
  const { target, ready, name, begin } = host.prepare({ command: WORK, noNewPrivs });
  const recording = callgate.start('record', ...target, '-o', file);
  try {
    await recording.says(ready);
    begin();
    must((await recording.status()) === 0, `record ${target.join(' ')}: ${recording.stderr}`);
    return { file, stderr: recording.stderr };
  } finally {
    recording.kill();
    host.remove(name);
  }
}

/** By the engine's name for it where callgate knows the engine, else by its process. */
function targetOf({ callgate, engine }: Bench, { name, pid }: Started): string[] {
  const isKnown = names(callgate, 'record', new RegExp(`--container <name> [^-]*\\b${engine}\\b`, 'i'));
  return isKnown ? ['--container', `${engine}:${name}`] : ['--pid', String(pid)];
}

function signal({ pid }: Started, which: keyof typeof SIGNALS): string {
  return join(`/proc/${pid}/root/tmp`, SIGNALS[which]);
}

function tell(started: Started, which: keyof typeof SIGNALS): void {
  writeFileSync(signal(started, which), '');
}

function mustBeOfWork(bench: Bench, file: string, lacks: readonly string[]): void {
  const recording = recordingIn(file);
  must(recording.lost === 0, `${recording.lost} calls are lost`);
  must(recording.lacks.join() === lacks.join(), `it lacks ${recording.lacks.join() || 'nothing'}`);
  const seen = callsOf(recording, 'workload');
  mustHold(seen, callsOf(recordingIn(bench.outside), 'workload'), 'the recording');
  const others = [...seen].filter((name) => FOREIGN_CALL.test(name) || OF_PREPARATION.includes(name));
  must(others.length === 0, `the recording has ${others.join(' ')}, which the container does not call`);
}
