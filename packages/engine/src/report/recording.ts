import type { LifePart, Observation, Phase, Recording } from '../recording/recording.ts';
import type { AbiName } from '../syscalls/arch.ts';
import { callLabel } from './call.ts';
import { listed } from './words.ts';

/** Denied calls in a line. */
const MOST_DENIED = 40;

const WORDS: Readonly<Record<LifePart, string>> = {
  startup: 'how it starts is not in the recording: it ran before',
  shutdown: 'how it ends is not in the recording: it went on, or was killed',
};

/** What a recording lacks of its workload's life, a line each. */
export function lacksLines({ lacks }: Recording): string[] {
  return lacks.map((part) => WORDS[part]);
}

/** The calls of observations, each once, sorted; those of other ABIs than `native` with their ABI. */
export function labelsOf(observations: readonly Observation[], native: AbiName): string[] {
  return [...new Set(observations.map((o) => callLabel(o.arch, o.nr, native)))].sort();
}

/** When calls were made, in words, and which: those of a later line came in no earlier one. */
export function phasesOf(
  observations: readonly Observation[],
  native: AbiName,
): [when: string, labels: string[]][] {
  const told = new Set<string>();
  return WHEN.map(([when, ...phases]): [string, string[]] => {
    const mine = observations.filter(({ phase }) => phases.includes(phase));
    const labels = labelsOf(mine, native);
    const fresh = labels.filter((label) => !told.has(label));
    for (const label of fresh) told.add(label);
    return [when, fresh];
  }).filter(([, labels]) => labels.length > 0);
}

const WHEN: readonly (readonly [when: string, ...phases: Phase[]])[] = [
  ['steady', 'steady'],
  ['by the workload', 'run'],
  ['at startup only', 'startup'],
  ['at shutdown only', 'shutdown'],
  ['only by what joined later, such as docker exec', 'exec'],
  ['only by the container runtime', 'runtime'],
];

/** What a filter turned away, and how often. */
export function deniedCalls(observations: readonly Observation[], native: AbiName): string {
  const times = new Map<string, number>();
  for (const { arch, nr, denied } of observations) {
    const label = callLabel(arch, nr, native);
    if (denied > 0) times.set(label, (times.get(label) ?? 0) + denied);
  }
  return listed(
    [...times].map(([label, count]) => `${label} ×${count}`),
    MOST_DENIED,
  );
}

/** Formats that say which calls there are and not how often they were made. */
export function isList(format: string): boolean {
  return format === 'profile' || format === 'names';
}
