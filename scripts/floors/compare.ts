import { FLOORS, type FloorChoice, floorOf } from '@callgate/engine/internal/build/floors';
import { readMeasured } from './measured.ts';
import type { Shares } from './starts.ts';

/** What was measured, and of what. */
export interface Seen {
  /** As a person would say it. */
  readonly title: string;
  readonly choice: FloorChoice;
  /** The Go release of the build, where it is known. */
  readonly go?: string;
  /** In several settings that the choice does not tell apart, such as users. */
  readonly shares: readonly Shares[];
}

/**
 * Prints how what was seen stands to the engine's table; whether it contradicts it: by a call of more than one start that the
 * table lacks, or because a call that this very build made in every start of the committed measurement never came.
 */
export function contradicts({ title, choice, go, shares }: Seen): boolean {
  const starts = shares.reduce((sum, one) => sum + one.starts, 0);
  const counts = new Map<string, number>();
  for (const { calls } of shares)
    for (const [name, count] of calls) counts.set(name, (counts.get(name) ?? 0) + count);
  const table = floorOf(choice);
  const missing = [...counts.keys()].filter((name) => !table.has(name));
  const never = [...table.keys()].filter((name) => !counts.has(name));
  const expected = alwaysBefore(choice, go);
  const gone = never.filter((name) => expected.has(name));
  const rare = [...counts].filter(([, count]) => count < starts).map((one) => one.join(' '));
  console.log(`${title}: ${[...counts.keys()].sort().join(' ')}`);
  if (rare.length > 0) console.log(`  not in every one of ${starts} starts: ${rare.join(', ')}`);
  if (missing.length > 0) console.log(`  NOT IN THE TABLE: ${missing.join(', ')}`);
  if (gone.length > 0) console.log(`  NEVER CALLED, THOUGH IT ALWAYS WAS: ${gone.join(', ')}`);
  const spare = never.filter((name) => !expected.has(name) && !isRare(choice.runtime, name));
  if (spare.length > 0) console.log(`  in the table for other builds: ${spare.join(', ')}`);
  return missing.some((name) => counts.get(name)! > 1) || gone.length > 0 || counts.size === 0;
}

/** What the committed measurement of this release, built by this Go, has in every start of every setting. */
function alwaysBefore({ runtime, release, noNewPrivs, exec }: FloorChoice, go?: string): Set<string> {
  const builds = readMeasured().builds.filter(
    (build) => build.runtime === runtime && build.release === release && build.go === go,
  );
  const of = exec ? 'exec' : 'start';
  const settings = builds
    .flatMap((build) => build.settings)
    .filter((setting) => setting.of === of && setting.noNewPrivs === noNewPrivs && !setting.terminal);
  const [first = [], ...rest] = settings.map(({ always }) => always.split(' '));
  return new Set(first.filter((name) => rest.every((other) => other.includes(name))));
}

function isRare(runtime: string, name: string): boolean {
  return FLOORS.some((row) => row.runtime === runtime && row.sometimes?.includes(name));
}
