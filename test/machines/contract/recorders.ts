import { spawn } from 'node:child_process';
import { type Callgate, said } from './callgate.ts';
import type { Area, Finding } from './finding.ts';

const RECORDERS = ['ebpf', 'notify', 'tracefs', 'log', 'strace'] as const;

interface Seen {
  readonly arch: string;
  readonly name: string;
  readonly count: number;
}

/** A program whose calls are the same in every run, one with children, and one that calls without end. */
export interface Samples {
  readonly alone: readonly string[];
  readonly family: readonly string[];
  readonly stranger: readonly string[];
}

/** More than the machines have processors. */
const STRANGERS = 3;

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly why?: string;
}

/** Every recorder that doctor offers sees what strace sees; one that it does not offer refuses with doctor's words. */
export function recorderFindings(callgate: Callgate, samples: Samples): Finding[] {
  const { checks } = JSON.parse(callgate.run('doctor', '--json').stdout) as { checks: Check[] };
  const check = (id: string) => checks.find((c) => c.name === `record with ${id}`);
  if (!check('strace')?.ok) throw new Error('a machine without strace cannot be judged');
  const alone = (id: string) =>
    record(callgate, id, samples.alone, ({ arch, name, count }) => `${arch} ${name} ${count}`);
  const recordings = (id: string) => [
    alone(id),
    besideStrangers(samples.stranger, () => alone(id)),
    // How often a shell looks for its children depends on when they end.
    record(callgate, id, samples.family, ({ arch, name }) => `${arch} ${name}`),
  ];
  const truth = recordings('strace');
  return RECORDERS.map((id): Finding => {
    if (!check(id)?.ok) return refusal(callgate, id, check(id)?.why ?? 'doctor does not mention it', samples);
    try {
      return judged(id, recordings(id), truth);
    } catch (fault) {
      return { area: id, is: 'wrong', detail: String(fault) };
    }
  });
}

/** What is done while others keep every processor busy with calls of their own. */
function besideStrangers<T>([program, ...args]: readonly string[], act: () => T): T {
  const strangers = Array.from({ length: STRANGERS }, () => spawn(program!, args, { stdio: 'ignore' }));
  try {
    return act();
  } finally {
    for (const stranger of strangers) stranger.kill('SIGKILL');
  }
}

interface Recorded {
  /** What was called, in words that are the same for every recorder. */
  readonly calls: ReadonlySet<string>;
  readonly lost: number;
}

function judged(area: Area, mine: readonly Recorded[], truth: readonly Recorded[]): Finding {
  const lost = mine.reduce((sum, recorded) => sum + recorded.lost, 0);
  const wrong = mine.flatMap(({ calls }, i) => [
    ...[...calls].filter((call) => !truth[i]!.calls.has(call)).map((call) => `${call} strace does not see`),
    ...[...truth[i]!.calls].filter((call) => !calls.has(call)).map((call) => `${call} only strace sees`),
  ]);
  if (lost > 0)
    return { area, is: 'lossy', detail: `says that ${lost} are lost; ${wrong.slice(0, 4).join('; ')}` };
  if (wrong.length > 0) return { area, is: 'wrong', detail: wrong.slice(0, 8).join('; ') };
  return {
    area,
    is: 'right',
    detail: `${truth.map(({ calls }) => calls.size).join(', ')} as strace sees them`,
  };
}

/** `record` without a choice ends with a recording. */
export function autoFinding(callgate: Callgate, { alone }: Samples): Finding {
  const output = callgate.newFile();
  const ended = callgate.run('record', '-o', output, '--', ...alone);
  if (ended.status !== 0) return { area: 'auto', is: 'wrong', detail: said(ended) };
  return { area: 'auto', is: 'right', detail: `takes ${JSON.parse(callgate.read(output)).recorder}` };
}

function record(
  callgate: Callgate,
  recorder: string,
  command: readonly string[],
  textOf: (call: Seen) => string,
): Recorded {
  const output = callgate.newFile();
  const ended = callgate.run('record', '-r', recorder, '-o', output, '--', ...command);
  if (ended.status !== 0) throw new Error(`record -r ${recorder}: ${said(ended)}`);
  const { observations, lost } = JSON.parse(callgate.read(output)) as { observations: Seen[]; lost: number };
  const sums = new Map<string, Seen>();
  for (const { arch, name, count } of observations) {
    const key = `${arch} ${name}`;
    sums.set(key, { arch, name, count: count + (sums.get(key)?.count ?? 0) });
  }
  const calls = [...sums.values()].filter(({ count }) => count > 0);
  return { calls: new Set(calls.map(textOf)), lost };
}

function refusal(callgate: Callgate, id: Finding['area'], why: string, { alone }: Samples): Finding {
  const ended = callgate.run('record', '-r', id, '-o', callgate.newFile(), '--', ...alone);
  const isTold = ended.status !== 0 && ended.stderr.includes(why);
  return isTold
    ? { area: id, is: 'not offered', detail: why }
    : { area: id, is: 'wrong', detail: `doctor says "${why}", record ${said(ended)}` };
}
