import type { Finding, FindingSeverity } from './finding.ts';
import type { Judged } from './judged.ts';

/** What a rule has found; its code and, unless said, its severity are the rule's. */
export type Found = Omit<Finding, 'code' | 'severity'> & Partial<Pick<Finding, 'severity'>>;

/** A rule of lint about what a profile means. It has a page in docs/rules with an example that it finds and one that it does not. */
export interface PolicyRule {
  readonly code: string;
  readonly severity: FindingSeverity;
  /** What is wrong, and what comes of it, in a sentence or two. */
  readonly about: string;
  find(judged: Judged): Iterable<Found>;
}
