import { DEFAULT_OF } from '@callgate/engine/internal/build/runtime-default';
import { type LintOptions, usualOn } from '@callgate/engine/internal/lint/lint-text';
import type { Target } from '@callgate/engine/internal/runtime/target';
import { runtimeDefaultOf } from '../flags/container-flags.ts';

/** By what profiles for a target are judged: beside it the default of the runtime that is meant, of its release. */
export async function lintOptionsFor(target: Target): Promise<LintOptions> {
  const { name, release } = target.runtime ?? { name: 'any' };
  const known = Object.hasOwn(DEFAULT_OF, name) ? name : 'any';
  return { target, usual: usualOn(target, await runtimeDefaultOf(known, release?.join('.'))) };
}
