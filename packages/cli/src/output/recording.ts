import type { LifePart, Observation, Recording } from '@callgate/engine/record/observation';
import { callLabel } from '../input/system-call.ts';

const WORDS: Readonly<Record<LifePart, string>> = {
  startup: 'how it starts is not in the recording: it ran before',
  shutdown: 'how it ends is not in the recording: it went on, or was killed',
};

/** What a recording lacks of its workload's life, a line each. */
export function lacksLines({ lacks }: Recording): string[] {
  return lacks.map((part) => WORDS[part]);
}

/** The calls of observations, each once, sorted. */
export function labelsOf(observations: readonly Observation[]): string[] {
  return [...new Set(observations.map((o) => callLabel(o.arch, o.nr)))].sort();
}

/** What a filter turned away, and how often. */
export function deniedCalls(observations: readonly Observation[]): string {
  const times = new Map<string, number>();
  for (const { arch, nr, denied } of observations)
    if (denied > 0) times.set(callLabel(arch, nr), (times.get(callLabel(arch, nr)) ?? 0) + denied);
  return [...times].map(([label, count]) => `${label} ×${count}`).join(', ');
}

/** Formats that say which calls there are and not how often they were made. */
export function isList(format: string): boolean {
  return format === 'profile' || format === 'names';
}
