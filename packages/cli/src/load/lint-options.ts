import { DEFAULT_OF } from '@callgate/engine/internal/build/runtime-default';
import { type LintOptions, usualOn } from '@callgate/engine/internal/lint/lint-text';
import { runtimeDefaultOf } from '../flags/container-flags.ts';
import { type TargetFlags, targetOf, withRelease } from '../flags/target-flags.ts';

/** By what profiles are judged: what the flags say, and beside it the default of the runtime that they name, of its release. */
export async function lintOptionsFor(flags: TargetFlags): Promise<LintOptions> {
  const target = targetOf(flags);
  const [name, release] = withRelease(flags.runtime ?? 'any');
  const known = Object.hasOwn(DEFAULT_OF, name) ? name : 'any';
  const byDefault = await runtimeDefaultOf(known, release);
  const isOwn = release !== undefined && DEFAULT_OF[known] === known;
  return {
    target,
    usual: usualOn(target, { ...byDefault, name: isOwn ? `${byDefault.name}@${release}` : byDefault.name }),
  };
}
