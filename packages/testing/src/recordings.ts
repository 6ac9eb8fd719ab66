import type { Observation, Recording } from '@callgate/engine/internal/recording/recording';

/** A recording of one run, with everything in it that a test does not care about. */
export function recordingOf(observations: readonly Observation[], head: Partial<Recording> = {}): Recording {
  return {
    schema: 'callgate-recording/1',
    machine: { arch: 'x86_64', kernel: '6.18.44' },
    recorder: 'test',
    command: ['t'],
    started: '2026-01-01T00:00:00Z',
    runs: 1,
    lost: 0,
    left: 0,
    ambiguous: 0,
    countsDenied: true,
    lacks: [],
    notes: [],
    ...head,
    observations,
  };
}
