import type { MeasuredFloor } from '@callgate/engine/internal/build/floors';
import { compareReleases } from '@callgate/engine/internal/build/portability';
import { type History, histories, type Made, measuredReleases } from './history.ts';
import type { MeasuredBuild } from './measured.ts';

type Row = Omit<MeasuredFloor, 'calls' | 'sometimes'>;
interface CallRow extends Row {
  readonly call: string;
  readonly isSure: boolean;
}

/**
 * Where the source tells more exactly than measured releases when a call came: the last release without it.
 * crun: src/libcrun/utils.c, mark_or_close_fds_ge_than.
 */
const LAST_WITHOUT = [{ runtime: 'crun', call: 'close_range', after: '1.14' }] as const;

/**
 * What runc exec tries from 1.2.8 and 1.3.3 on (pathrs-lite/internal/procfs), and does without where a filter denies it: with
 * every other call of its floor allowed and these denied, processes joined containers of runc 1.2.8 and 1.5.3.
 */
export const TRIED_BY_RUNC_EXEC = [
  'faccessat',
  'fsconfig',
  'fsmount',
  'fsopen',
  'open_tree',
  'uname',
] as const;

/**
 * The engine's rows. A release between two measured ones gets what either of them calls: a row ends at the first measured
 * release that does not make its calls any more, and begins after the last one that does not make them yet.
 */
export function rowsOf(builds: readonly MeasuredBuild[]): MeasuredFloor[] {
  const rows = (['runc', 'crun'] as const).flatMap((runtime) =>
    withoutSetting([true, false].flatMap((noNewPrivs) => rowsOfSetting(builds, runtime, noNewPrivs))),
  );
  const groups = groupedBy(rows, ({ call, isSure, ...row }) => JSON.stringify(row));
  return [...groups].map(([key, all]) => {
    const sometimes = all.filter(({ isSure }) => !isSure).map(({ call }) => call);
    return {
      ...(JSON.parse(key) as Row),
      calls: all.map(({ call }) => call).join(' '),
      ...(sometimes.length > 0 && { sometimes: sometimes.join(' ') }),
    };
  });
}

function rowsOfSetting(
  all: readonly MeasuredBuild[],
  runtime: 'runc' | 'crun',
  noNewPrivs: boolean,
): CallRow[] {
  const builds = all.filter((build) => build.runtime === runtime);
  const releases = measuredReleases(builds);
  const of = (what: 'start' | 'exec') =>
    histories(builds, (setting) => setting.of === what && setting.noNewPrivs === noNewPrivs);
  const starts = of('start');
  const startOf = (call: string) => starts.find((start) => start.call === call)?.made;
  // What a start makes anyhow needs no row of its own.
  const execs = of('exec').filter(
    ({ call, made }) =>
      !(TRIED_BY_RUNC_EXEC as readonly string[]).includes(call) &&
      made.some((one, i) => one !== 'never' && (startOf(call)?.[i] ?? 'never') === 'never'),
  );
  return [
    ...starts.flatMap((history) => spans(history, releases, { runtime, noNewPrivs })),
    ...execs.flatMap((history) => spans(history, releases, { runtime, noNewPrivs, only: 'exec' })),
  ];
}

/** One row for each unbroken span of releases that make a call. */
function spans({ call, made, differs }: History, releases: readonly string[], row: Row): CallRow[] {
  const isMade = (one: Made | undefined) => one !== undefined && one !== 'never';
  return made.flatMap((one, first) => {
    if (!isMade(one) || isMade(made[first - 1])) return [];
    const end = made.findIndex((other, i) => i > first && !isMade(other));
    const after = later(
      releases[first - 1],
      LAST_WITHOUT.find((known) => known.runtime === row.runtime && known.call === call)?.after,
    );
    const until = end === -1 ? undefined : releases[end];
    const isSure = !differs.slice(first, end === -1 ? undefined : end).includes(true);
    return [{ ...row, ...(after && { after }), ...(until && { until }), call, isSure }];
  });
}

function later(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a;
  return compareReleases(a, b) > 0 ? a : b;
}

/** Rows that are the same with and without no_new_privs as one. */
function withoutSetting(rows: readonly CallRow[]): CallRow[] {
  const key = ({ noNewPrivs, isSure, ...row }: CallRow) => JSON.stringify(row);
  return [...groupedBy(rows, key).values()].flatMap(([row, other]) => {
    if (!other) return [row!];
    const { noNewPrivs, ...rest } = row!;
    return [{ ...rest, isSure: rest.isSure && other.isSure }];
  });
}

/** Map.groupBy, which Node 20 lacks. */
function groupedBy<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}
