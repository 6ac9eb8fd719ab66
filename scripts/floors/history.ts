import { compareReleases } from '@callgate/engine/internal/build/portability';
import type { MeasuredBuild, MeasuredSetting } from './measured.ts';

/** Whether a release makes a call: in every start of some setting, in some starts only, or never. */
export type Made = 'always' | 'sometimes' | 'never';

/** What became of one call from the oldest measured release to the newest. */
export interface History {
  readonly call: string;
  /** One for each measured release. */
  readonly made: readonly Made[];
  /** For each measured release, whether starts of one and the same setting differ. */
  readonly differs: readonly boolean[];
}

/** From the oldest on, without suffixes such as -rc.1, which count as the release itself; each one once. */
export function measuredReleases(builds: readonly MeasuredBuild[]): string[] {
  const numbers = builds.map(({ release }) => /^[\d.]*\d/.exec(release)![0]);
  return [...new Set(numbers)].sort(compareReleases);
}

/** The histories of all calls in settings of one kind; builds of one release by several Go releases count as one. */
export function histories(
  builds: readonly MeasuredBuild[],
  isWanted: (setting: MeasuredSetting) => boolean,
): History[] {
  const releases = measuredReleases(builds).map((release) =>
    builds
      .filter((build) => compareReleases(build.release, release) === 0)
      .flatMap((build) => build.settings.filter(isWanted)),
  );
  const all = releases.flat();
  const calls = new Set(all.flatMap((s) => [...s.always.split(' '), ...Object.keys(s.sometimes ?? {})]));
  return [...calls].sort().map((call) => ({
    call,
    made: withDoubt(releases.map((settings) => madeIn(call, settings))),
    differs: releases.map((settings) => settings.some(({ sometimes }) => call in (sometimes ?? {}))),
  }));
}

function madeIn(call: string, settings: readonly MeasuredSetting[]): Made {
  if (settings.some(({ always }) => always.split(' ').includes(call))) return 'always';
  return settings.some(({ sometimes }) => call in (sometimes ?? {})) ? 'sometimes' : 'never';
}

/** Next to a release that makes a call in some starts only, few starts do not show that another never does. */
function withDoubt(made: readonly Made[]): Made[] {
  const result = [...made];
  const spread = (i: number, from: number) => {
    if (result[i] === 'never' && result[from] === 'sometimes') result[i] = 'sometimes';
  };
  for (let i = 1; i < result.length; i++) spread(i, i - 1);
  for (let i = result.length - 2; i >= 0; i--) spread(i, i + 1);
  return result;
}
