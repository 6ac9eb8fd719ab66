import { CAPABILITY_CHECKS } from './generated/capability-checks.ts';

/** A capability that the kernel asks for when a call is made, whatever a filter says. */
export interface CapabilityCheck {
  readonly capability: string;
  /** Only capabilities in the machine's first user namespace count; else those in a user namespace of one's own do, too. */
  readonly initialOnly: boolean;
  /** Of what the call is asked to do. */
  readonly when: string;
}

/** What the kernel asks for, as its source and another one say it; nothing is said of what is not here. */
export function capabilityChecks(name: string): CapabilityCheck[] {
  return CAPABILITY_CHECKS.flatMap(([call, capability, initialOnly, when]) =>
    call === name ? [{ capability, initialOnly, when }] : [],
  );
}

/** The calls that are known to ask for a capability, whether always or now and then. */
export function callsAsking(capability: string): string[] {
  const asking = CAPABILITY_CHECKS.filter(([, asked]) => asked.split(' or ').includes(capability));
  return [...new Set(asking.map(([call]) => call))];
}

/** Whether the kernel asks for it at every call, on every kernel. */
export function isAlwaysAsked({ when }: Pick<CapabilityCheck, 'when'>): boolean {
  return /^every call($|:)/.test(when);
}

/** The capability without which a call can never succeed, on any kernel; undefined where there is none, or it depends. */
export function needsCapability(name: string): string | undefined {
  return capabilityChecks(name).find(isAlwaysAsked)?.capability;
}
