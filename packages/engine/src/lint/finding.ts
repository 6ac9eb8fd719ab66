import type { Place, Remedy } from '../diagnostics/diagnostic.ts';
import type { Mend } from '../edit/mend.ts';
import type { AbiName } from '../syscalls/arch.ts';

/**
 * How much a finding matters, the worst first. critical: the profile does not do what it is for, or no container starts;
 * high: what it denies can be had in another way, or programs break; medium: it will hurt somebody; low: it is untidy;
 * info: worth knowing.
 */
export const FINDING_SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type FindingSeverity = (typeof FINDING_SEVERITIES)[number];

/** A call that shows what a finding says, when the policy is asked about it. Arguments are unsigned, of 64 bits. */
export interface Witness {
  readonly arch: AbiName;
  readonly nr: number;
  readonly args: readonly bigint[];
}

/** One judgement of a profile. */
export interface Finding {
  /** The rule that found it, or the code of a diagnostic. */
  readonly code: string;
  readonly severity: FindingSeverity;
  readonly message: string;
  /** What makes it the same finding when the profile, and so the message, has changed; without it: the message. */
  readonly identity?: string;
  readonly place: Place;
  /** Every call that it is about, where it is about several alike. */
  readonly calls?: readonly string[];
  /** Another place that explains this one. */
  readonly related?: Place;
  readonly witness?: Witness;
  /** What to do about it. */
  readonly fix?: Remedy;
  /** How the text is changed so that it goes, where that can be said. */
  readonly mend?: Mend;
}
