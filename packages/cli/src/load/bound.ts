import { type Bound, filterBound, profileBound } from '@callgate/engine/internal/build/bound';
import { CURRENT, DEFAULT_OF } from '@callgate/engine/internal/build/runtime-default';
import type { BoundFit } from '@callgate/engine/internal/build/synthesize';
import {
  isOfContainer,
  type Recording,
  recordedCapabilities,
} from '@callgate/engine/internal/recording/recording';
import type { Style } from '@callgate/engine/internal/report/style';
import { CliFailure, type Context } from '../context.ts';
import { type ContainerFlags, runtimeDefaultOf } from '../flags/container-flags.ts';
import { capabilitiesNamed, withRelease } from '../flags/target-flags.ts';
import { liveText, loadSubject } from './subject.ts';

/** What --no-looser-than takes for no bound at all. */
const NO_BOUND = 'none';

/**
 * What a profile that is made of recordings may not exceed: what the flag names; without it, for containers, the default
 * profile of their runtime. Undefined: nothing.
 */
export async function boundOf(
  context: Context,
  flags: ContainerFlags,
  recordings: readonly [Recording, ...Recording[]],
  hasBase = false,
): Promise<Bound | undefined> {
  const { looserThan, runtime } = flags;
  if (looserThan === NO_BOUND) {
    if (!hasBase && flags.caps !== undefined)
      throw new CliFailure('--caps goes with a bound, not with --no-looser-than none');
    return undefined;
  }
  const capabilities = capabilitiesOf(flags.caps, recordings);
  const target = { kernel: CURRENT, capabilities };
  // A default lets more pass for containers that have these.
  const having =
    capabilities.length === 0
      ? ''
      : ` with ${flags.caps === undefined ? "this container's capabilities" : capabilities.join(', ')}`;
  if (typeof looserThan === 'string') {
    const native = recordings[0].machine.arch;
    const subject = await loadSubject(context, looserThan, { ...target, native }, { quiet: true });
    // A bound that is none is not to be taken for one.
    context.stderr.write(liveText(subject));
    return subject.source
      ? profileBound(`${looserThan}${having}`, subject.source.profile, {
          ...target,
          runtime: subject.target.runtime,
        })
      : filterBound(looserThan, subject.policy, target);
  }
  // Who names a base says what is to be allowed; a runtime beside it bounds what is added.
  if (runtime === undefined && (hasBase || !recordings.some(isOfContainer))) {
    if (!hasBase && flags.caps !== undefined)
      throw new CliFailure('--caps goes with --runtime or --no-looser-than: it is about what these let pass');
    return undefined;
  }
  const [name, release] = withRelease(runtime ?? 'any');
  const { name: stock, profile } = await runtimeDefaultOf(name, release);
  const of = release !== undefined && DEFAULT_OF[name] === name ? `@${release}` : '';
  return profileBound(`stock:${stock}${of}${having}`, profile, target, true);
}

/** The capabilities that somebody names, else those that recorded containers had. */
export function capabilitiesOf(
  named: string | undefined,
  recordings: readonly Recording[],
): readonly string[] {
  return named === undefined ? (recordedCapabilities(recordings) ?? []) : capabilitiesNamed(named);
}

/** What to do about calls that a bound keeps out; which capabilities the containers had is known from some recordings. */
export function remedyLines(style: Style, { leftOut }: BoundFit, recordings: readonly Recording[]): string[] {
  if (leftOut.length === 0) return [];
  const capabilities = recordedCapabilities(recordings)
    ? []
    : leftOut.flatMap((what) => (what.kind === 'call' ? (what.capability ?? []) : []));
  const having = [...new Set(capabilities)].join(',');
  const caps = having === '' ? '' : `; --caps ${having} if the container has that`;
  return [style.dim(`--no-looser-than none allows what was left out${caps}`)];
}
