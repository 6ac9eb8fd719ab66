import type { Span } from '../diagnostics/span.ts';

/** What a check came to. */
export interface CheckOutcome {
  readonly name: string;
  readonly kind: 'function' | 'security';
  /** "not run": what it checks did not start, so that nothing is known. */
  readonly state: 'passed' | 'failed' | 'not run';
  /** What came of it under the profile, in a few words. */
  readonly confined: string;
  /** The same without the profile; undefined where nobody looked. */
  readonly control?: string;
  /** What stopped an attack: the profile, something that stops it without the profile as well, or nothing. */
  readonly credit: 'profile' | 'kernel' | 'none';
  /** Why it is so, in a sentence. */
  readonly why: string;
  /** What it is made of, such as every call of an attack, a line for each. */
  readonly details?: readonly string[];
  /** Where the spec asks for it. */
  readonly place?: Span;
}

/** How the container did not start. */
export interface StartFailure {
  /** What was foreseen before it was tried; undefined where nothing was. */
  readonly predicted?: string;
  /** What the engine said. */
  readonly said: string;
}

/** What a test of a profile came to. */
export interface TestReport {
  /** What ran the checks, such as docker. */
  readonly engine: string;
  readonly profile: string;
  /** What stands for what was tested, where that is another container or process. */
  readonly standIn?: string;
  readonly startFailure?: StartFailure;
  readonly checks: readonly CheckOutcome[];
}

/** Whether everything is as it should be. */
export function isPassed({ checks }: TestReport): boolean {
  return checks.every(({ state }) => state === 'passed');
}
