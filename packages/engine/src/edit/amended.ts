import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Policy } from '../policy/policy.ts';

/** A profile before and after its text was changed, or why it could not be. */
export type Amended =
  | { readonly kind: 'amended'; readonly text: string; readonly before: Policy; readonly after: Policy }
  | { readonly kind: 'faulty'; readonly diagnostics: readonly Diagnostic[] };

/** More would change than was asked for, or less, so nothing was changed. */
export class NotAsAsked extends Error {}
