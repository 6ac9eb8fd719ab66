import { readFileSync } from 'node:fs';
import type { Observation, Recording } from '@callgate/engine/internal/recording/recording';

export function recordingIn(file: string): Recording {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** The names of what reached the kernel: the calls of the runtime under the filter, or of the workload. */
export function callsOf(recording: Recording, who: 'runtime' | 'workload'): Set<string> {
  const isMeant = ({ phase, count }: Observation) =>
    count > 0 && (phase === 'runtime') === (who === 'runtime');
  return new Set(recording.observations.filter(isMeant).map(({ name }) => name));
}

/** The names that a profile in OCI form allows, with a condition or without. */
export function allowedIn(file: string): Set<string> {
  const { syscalls }: { syscalls: { names: string[]; action: string }[] } = JSON.parse(
    readFileSync(file, 'utf8'),
  );
  return new Set(syscalls.filter((rule) => rule.action === 'SCMP_ACT_ALLOW').flatMap((rule) => rule.names));
}
