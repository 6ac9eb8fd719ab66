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
