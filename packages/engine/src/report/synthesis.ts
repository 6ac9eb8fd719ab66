import type { MeasuredAround } from '../build/floors.ts';
import type { Synthesis } from '../build/synthesize.ts';
import type { TightCall } from '../build/tighten.ts';
import { profileDocument } from '../profile/stringify.ts';
import { type Completeness, partsNotSeen } from '../recording/completeness.ts';
import { isOfContainer, type LifePart, type Recording } from '../recording/recording.ts';
import type { AbiName } from '../syscalls/arch.ts';
import { boundDocument, boundLines } from './bound.ts';
import { callLabel } from './call.ts';
import { sparkline } from './completeness.ts';
import { formatReason } from './origin.ts';
import type { Style } from './style.ts';
import { listed, plural, printable } from './words.ts';

/** For every call why it is in the profile, a line each. */
export function reasonLines(style: Style, { reasons, newer }: Synthesis, runs: number): string[] {
  const width = Math.max(...[...reasons.keys()].map((name) => name.length));
  const lines = [...reasons].map(([name, list]) => {
    const [first, ...rest] = list.map((reason) => printable(formatReason(reason, runs)));
    const why = list[0].kind === 'seen' ? first : style.dim(first);
    return [
      `  ${printable(name).padEnd(width)}  ${why}`,
      ...rest.map((r) => `  ${' '.repeat(width)}  ${style.dim(`also ${r}`)}`),
    ].join('\n');
  });
  if (newer.length > 0)
    lines.push(`  answered with ENOSYS, because newer than the recorded kernel: ${newer.join(', ')}`);
  return lines;
}

/** The document of build --json; 64-bit numbers in it are bigints, so write it by writeJson. */
export function synthesisDocument(
  recordings: readonly Recording[],
  synthesis: Synthesis,
  completeness: Completeness | undefined,
): object {
  const { profile, reasons, newer, unnamed, deniedOnly, unprojected, conditions, container, bounded } =
    synthesis;
  return {
    profile: profileDocument(profile),
    runs: sumOf(recordings, (r) => r.runs),
    lost: sumOf(recordings, (r) => r.lost),
    left: sumOf(recordings, (r) => r.left),
    ambiguous: sumOf(recordings, (r) => r.ambiguous),
    lacks: partsNotSeen(recordings),
    calls: Object.fromEntries(reasons),
    newer,
    unnamed: unnamed.map(({ arch, nr }) => ({ arch, nr })),
    deniedOnly,
    unprojected,
    ...(container && { container }),
    ...(bounded && { bounded: boundDocument(bounded) }),
    conditions: conditions.map(({ name, runs, alternatives, notes }) => ({
      name,
      runs,
      alternatives: alternatives.length,
      arguments: notes,
    })),
    completeness: completeness ?? null,
  };
}

/** What the profile allows and how every other call fails. */
export function summaryLines(style: Style, recordings: readonly Recording[], synthesis: Synthesis): string[] {
  const { profile, reasons, newer, unnamed, deniedOnly, unprojected } = synthesis;
  const lost = sumOf(recordings, (r) => r.lost);
  const lines = [
    reasons.size === 0
      ? style.bold('no call allowed')
      : `${style.bold(`${plural(reasons.size, 'call')} allowed`)}: ${kinds(synthesis)} (--explain tells each)`,
    `everything else fails with EPERM; ${newer.length === 0 ? 'no known call is newer than the recorded kernel' : `${plural(newer.length, 'call')} newer than the recorded kernel with ENOSYS, so that libc falls back`}`,
    `ABIs: ${profile.architectures.map((a) => a.value.replace('SCMP_ARCH_', '').toLowerCase()).join(', ')}; a call of any other kills the thread`,
  ];
  lines.push(...containerLines(style, synthesis, recordings));
  if (unnamed.length > 0)
    lines.push(
      `${style.yellow('left out')}: ${listed(unnamed.map((o) => `${o.arch} ${o.nr}`))} — numbers without a name, which no profile can allow`,
    );
  if (deniedOnly.length > 0)
    lines.push(
      `${style.yellow('left out')}: ${listed(deniedOnly.map(printable))} — a filter denied every one of these calls (--with-denied allows them)`,
    );
  if (unprojected.length > 0)
    lines.push(
      style.red(
        `incomplete: what ${unprojected.join(', ')} calls by other names is not known; add a recording from there`,
      ),
    );
  const ambiguous = sumOf(recordings, (r) => r.ambiguous);
  if (ambiguous > 0)
    lines.push(`${style.yellow('ABI assumed')} for ${plural(ambiguous, 'call')} of logs that do not tell it`);
  if (recordings.some((r) => r.left > 0))
    lines.push(style.red('incomplete: a process went where the recorder may not have seen it'));
  if (lost > 0)
    lines.push(
      style.red(`incomplete: ${plural(lost, 'call was', 'calls were')} lost, so the profile may lack some`),
    );
  const notes = new Set(recordings.flatMap((r) => r.notes));
  lines.push(...[...notes].map((note) => `${style.yellow('note')}: ${printable(note)}`));
  lines.push(...partsNotSeen(recordings).map((part) => style.yellow(`incomplete: ${NOT_SEEN[part]}`)));
  return lines;
}

/** Where the profile is meant to run, and how it compares with what a container would get without it. */
function containerLines(style: Style, synthesis: Synthesis, recordings: readonly Recording[]): string[] {
  const { container, bounded, reasons } = synthesis;
  const around = container?.measuredAround;
  if (bounded) return [...boundLines(style, bounded), ...(around ? [aroundLine(around)] : [])];
  if (!container) {
    const lines = recordings.some(isOfContainer)
      ? []
      : ['for programs on this machine; a container needs more: --runtime docker, podman, …'];
    return reasons.has('clone') || reasons.has('clone3')
      ? [...lines, `${style.yellow('note')}: ${OPEN_CLONE}`]
      : lines;
  }
  const { runtimeDefault, restricted, looser } = container;
  const lines =
    restricted.length === 0
      ? []
      : [
          `as in the default profile of ${runtimeDefault}, only with its conditions: ${listed(restricted)}${restricted.includes('clone') ? ' (clone3 gets ENOSYS, so that libc takes clone)' : ''}`,
        ];
  return [
    ...lines,
    looser.length === 0
      ? `${style.green('not looser')} than the default profile of ${runtimeDefault}`
      : `${style.red('looser')} than the default profile of ${runtimeDefault}: ${listed(looser.map(printable))}`,
    ...(around ? [aroundLine(around)] : []),
  ];
}

const OPEN_CLONE =
  'clone passes with any flags, those that make user namespaces among them; --no-looser-than stock:docker has its conditions';

function aroundLine({ runtime, before, after }: MeasuredAround): string {
  if (before && after)
    return `what this ${runtime} calls itself was not measured: interpolated between ${runtime} ${before} and ${after}`;
  return before
    ? `this ${runtime} is newer than all that were measured: it is taken for ${before}`
    : `this ${runtime} is older than all that were measured: it is taken for ${after}`;
}

const NOT_SEEN: Readonly<Record<LifePart, string>> = {
  startup: 'no recording shows how the workload starts, which the profile may forbid; add one from the start',
  shutdown:
    'no recording shows how the workload ends, which the profile may forbid; add one that goes on until then',
};

function sumOf(recordings: readonly Recording[], count: (recording: Recording) => number): number {
  return recordings.reduce((sum, recording) => sum + count(recording), 0);
}

function kinds({ reasons }: Synthesis): string {
  const counted = (kind: string) => [...reasons.values()].filter(([first]) => first.kind === kind).length;
  const words: readonly (readonly [string, string])[] = [
    ['seen', 'seen'],
    ['base', 'that any process needs'],
    ['floor', 'of the container runtime'],
    ['projection', 'projected to other ABIs'],
    ['forecast', 'of other libc or kernel releases'],
    ['hand', 'by hand'],
  ];
  return words
    .filter(([kind]) => counted(kind) > 0)
    .map(([kind, what]) => `${counted(kind)} ${what}`)
    .join(', ');
}

/** How much of the workload the runs have shown. */
export function completenessLines(style: Style, completeness: Completeness, native: AbiName): string[] {
  const { runs, seen, estimated, interval, once, curve, identical } = completeness;
  if (seen === 0) return [style.red(`completeness: none of the ${runs} runs shows a call`)];
  const share = Math.round((seen / estimated) * 100);
  const colour = share >= 95 ? style.green : share >= 80 ? style.yellow : style.red;
  const lines = [
    `${style.bold('completeness')}: ${seen} of about ${Math.round(estimated)} calls (${colour(`${share} %`)}; Chao2, 95 %: ${Math.round(interval[0])} to ${Math.round(interval[1])}) after ${runs} runs  ${sparkline(curve)}`,
  ];
  if (identical)
    lines.push(
      style.yellow('  every run showed the same calls: vary what you do, or the estimate means nothing'),
    );
  else if (once.length > 0)
    lines.push(`  in one run only: ${once.map(({ arch, nr }) => callLabel(arch, nr, native)).join(', ')}`);
  return lines;
}

/** What became of the arguments of each call. */
export function conditionLines(style: Style, conditions: readonly TightCall[]): string[] {
  return conditions.flatMap((call) => [
    `  ${style.bold(call.name)}: ${call.alternatives.length > 0 ? plural(call.alternatives.length, 'alternative') : 'unconditional'}, seen in ${plural(call.runs, 'run')}`,
    ...call.notes.map(
      (note) =>
        `    ${note.kept ? style.green('kept') : style.yellow('dropped')} ${note.name}: ${note.values.slice(0, 8).map(printable).join(', ')}${note.values.length > 8 ? ', …' : ''} — ${note.why}`,
    ),
  ]);
}
