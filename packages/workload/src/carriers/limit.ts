import { type Diagnostic, error, type Place } from '@callgate/engine/internal/diagnostics/diagnostic';

/** What a carrier can hold in no way, at the place where the profile says it. */
export function limit(message: string, place: Place, remedy?: string): Diagnostic {
  return error('carrier-limit', message, place, remedy);
}
