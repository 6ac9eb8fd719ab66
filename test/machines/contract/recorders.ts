import { type Callgate, said } from './callgate.ts';
import type { Finding } from './finding.ts';

const RECORDERS = ['ebpf', 'notify', 'tracefs', 'log', 'strace'] as const;

interface Seen {
  readonly arch: string;
  readonly name: string;
  readonly count: number;
}

/** A program whose calls are the same in every run, one with children, and one of 32 bits where there is one. */
export interface Samples {
  readonly alone: readonly string[];
  readonly family: readonly string[];
}

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly why?: string;
}

/** Every recorder that doctor offers sees what strace sees; one that it does not offer refuses with doctor's words. */
export function recorderFindings(callgate: Callgate, samples: Samples): Finding[] {
  const { checks } = JSON.parse(callgate.run('doctor', '--json').stdout) as { checks: Check[] };
  const truth = checks.some((c) => c.name === 'record with strace' && c.ok) ? 'strace' : undefined;
  if (!truth) throw new Error('a machine without strace cannot be judged');
  const wanted = {
    alone: record(callgate, truth, samples.alone),
    family: record(callgate, truth, samples.family),
  };
  return RECORDERS.map((id): Finding => {
    const check = checks.find((c) => c.name === `record with ${id}`);
    if (!check?.ok) return refusal(callgate, id, check?.why ?? 'doctor does not mention it', samples);
    try {
      const alone = compared(
        record(callgate, id, samples.alone),
        wanted.alone,
        ({ arch, name, count }) => `${arch} ${name} ${count}`,
      );
      const family = compared(
        record(callgate, id, samples.family),
        wanted.family,
        ({ arch, name }) => `${arch} ${name}`,
      );
      const wrong = [...alone, ...family];
      return wrong.length === 0
        ? {
            area: id,
            is: 'right',
            detail: `${wanted.alone.length} and ${wanted.family.length} calls as strace sees them`,
          }
        : { area: id, is: 'wrong', detail: wrong.slice(0, 8).join('; ') };
    } catch (fault) {
      return { area: id, is: 'wrong', detail: String(fault) };
    }
  });
}

/** `record` without a choice ends with a recording. */
export function autoFinding(callgate: Callgate, { alone }: Samples): Finding {
  const output = callgate.newFile();
  const ended = callgate.run('record', '-o', output, '--', ...alone);
  if (ended.status !== 0) return { area: 'auto', is: 'wrong', detail: said(ended) };
  return { area: 'auto', is: 'right', detail: `takes ${JSON.parse(callgate.read(output)).recorder}` };
}

function record(callgate: Callgate, recorder: string, command: readonly string[]): Seen[] {
  const output = callgate.newFile();
  const ended = callgate.run('record', '-r', recorder, '-o', output, '--', ...command);
  if (ended.status !== 0) throw new Error(`record -r ${recorder}: ${said(ended)}`);
  const { observations } = JSON.parse(callgate.read(output)) as { observations: Seen[] };
  const sums = new Map<string, Seen>();
  for (const { arch, name, count } of observations) {
    const key = `${arch} ${name}`;
    sums.set(key, { arch, name, count: count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()].filter(({ count }) => count > 0);
}

function compared(seen: readonly Seen[], wanted: readonly Seen[], keyOf: (call: Seen) => string): string[] {
  const [mine, theirs] = [new Set(seen.map(keyOf)), new Set(wanted.map(keyOf))];
  return [
    ...[...mine].filter((key) => !theirs.has(key)).map((key) => `${key} strace does not see`),
    ...[...theirs].filter((key) => !mine.has(key)).map((key) => `${key} only strace sees`),
  ];
}

function refusal(callgate: Callgate, id: Finding['area'], why: string, { alone }: Samples): Finding {
  const ended = callgate.run('record', '-r', id, '-o', callgate.newFile(), '--', ...alone);
  const isTold = ended.status !== 0 && ended.stderr.includes(why);
  return isTold
    ? { area: id, is: 'not offered', detail: why }
    : { area: id, is: 'wrong', detail: `doctor says "${why}", record ${said(ended)}` };
}
