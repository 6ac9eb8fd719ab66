import type { LifePart, Recording } from '@callgate/engine/record/observation';

const WORDS: Readonly<Record<LifePart, string>> = {
  start: 'how it starts is not in the recording: it ran before',
  end: 'how it ends is not in the recording: it went on, or was killed',
};

/** What a recording lacks of its workload's life, a line each. */
export function lacksLines({ lacks }: Recording): string[] {
  return lacks.map((part) => WORDS[part]);
}
