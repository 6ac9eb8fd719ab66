import type { Diagnostic } from '@callgate/engine/internal/diagnostics/diagnostic';
import type { CarriedProfile } from '@callgate/engine/internal/profile/carriers';
import type { Target } from '@callgate/engine/internal/runtime/target';
import type { Carrier } from '@callgate/workload/internal/carriers/carrier';

/** The profiles of a text that is neither JSON nor YAML, and what carries them. */
export interface Carried {
  readonly carrier: Carrier;
  /** One at least; where none could be read, it tells why. */
  readonly profiles: readonly CarriedProfile[];
}

/** The first section of a unit of systemd begins with "[", too. */
const JSON_START = /^\s*(?:\{|\[(?![A-Z]\w*\]))/;
/** A key of a profile in YAML, or of what carries one. */
const PROFILE_KEY = /^[ \t"']*(?:defaultAction|apiVersion)["']?[ \t]*:/im;

/** What a text holds as a list of another sandbox; undefined where it is none, as JSON and YAML are. */
export async function carriedIn(text: string, name: string): Promise<Carried | undefined> {
  if (isDocument(text)) return undefined;
  const { readListCarrier } = await import('@callgate/workload/internal/carriers/list-carriers');
  const found = readListCarrier(text, name);
  if (!found) return undefined;
  const { carrier, reading } = found;
  return { carrier, profiles: withFaults(reading.profiles, reading.diagnostics, carrier) };
}

function isDocument(text: string): boolean {
  return JSON_START.test(text) || PROFILE_KEY.test(text);
}

function withFaults(
  profiles: readonly CarriedProfile[],
  faults: readonly Diagnostic[],
  { id }: Carrier,
): readonly CarriedProfile[] {
  if (profiles.length > 0)
    return profiles.map((profile) => ({ ...profile, diagnostics: [...faults, ...profile.diagnostics] }));
  return [{ name: id, tree: { kind: 'null', span: { start: 0, end: 0 } }, diagnostics: faults }];
}

/** None stands between a list of another sandbox and the kernel, also where the user names one for another side. */
export function targetOfCarried(target: Target, carried: Carried | undefined): Target {
  if (carried?.carrier.enforcer !== 'sandbox') return target;
  return { ...target, runtime: { name: 'strict', sharesMultiplexers: true } };
}
