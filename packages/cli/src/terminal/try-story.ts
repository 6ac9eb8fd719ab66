import type { Observation, Phase, Recording } from '@callgate/engine/internal/recording/recording';
import { callLabel } from '@callgate/engine/internal/report/call';
import { labelsOf } from '@callgate/engine/internal/report/recording';
import type { Style } from '@callgate/engine/internal/report/style';
import { grouped, listed, plural, printable } from '@callgate/engine/internal/report/words';
import type { AbiName } from '@callgate/engine/internal/syscalls/arch';
import type { Comparison, TryResult, TryStep } from '@callgate/linux/internal/try/try-container';

/** What everybody reads of a trial: whose container it is, and how it is judged. */
export interface Told {
  readonly style: Style;
  readonly native: AbiName;
  /** Such as "Docker 20.10.24". */
  readonly engine: string;
  /** What is asked of the container, such as "redis-cli ping"; undefined: that it does as before. */
  readonly health?: string;
  readonly looser: boolean;
}

const INDENT = ' '.repeat(15);
/** Additions in a step's lines. */
const MOST_ADDED = 8;
const WHEN: Readonly<Record<Phase, string>> = {
  runtime: 'by the container runtime',
  startup: 'at startup',
  steady: 'while it served',
  shutdown: 'when it was stopped',
  run: 'during the run',
  exec: 'by what joined it',
};

/** The lines of one step of the story. */
export function stepLines(told: Told, step: TryStep, number: number): string[] {
  const { style } = told;
  const head = ` ${String(number).padStart(2)}  ${style.bold(step.kind.padEnd(8))}  `;
  const [first, ...more] = step.kind === 'record' ? recordLines(told, step) : trialLines(told, step);
  return [head + first, ...more.map((line) => INDENT + line)];
}

function recordLines({ native, engine, looser, style }: Told, { run }: TryStep): string[] {
  const under = looser ? 'without a filter' : `under the default filter of ${engine}`;
  const own = run.recording ? callsSeen(run.recording, native).length : 0;
  const denied = deniedOf(run.recording, native);
  return [
    `${under}: ${plural(own, 'call')}, ${endOf(run)}`,
    ...(denied.length > 0 ? [style.dim(`denied there, and so in the profile: ${listed(denied, 8)}`)] : []),
  ];
}

function trialLines(told: Told, { kind, run, added, wrong }: TryStep): string[] {
  const { style, native } = told;
  const what = kind === 'shadow' ? 'what the profile denies is only logged' : 'under the profile';
  if (added.length > 0) {
    const lines = addedLines(added, native);
    return [
      `${what}: ${style.yellow(`${plural(lines.length, 'call')} more, added`)}`,
      ...lines.slice(0, MOST_ADDED).map((line) => `${style.green('+')} ${line}`),
      ...(lines.length > MOST_ADDED ? [style.dim(`+ ${lines.length - MOST_ADDED} more`)] : []),
    ];
  }
  if (wrong !== undefined)
    return [
      `${what}: ${style.red(printable(wrong))}`,
      ...(run.lastLine === undefined ? [] : [style.dim(`its last line: ${printable(run.lastLine)}`)]),
    ];
  if (kind === 'shadow') return [`${what}: nothing`];
  return [
    `${what}: ${style.green(told.health === undefined ? 'as before' : `${printable(told.health)} succeeds`)}, ${endOf(run)}`,
  ];
}

/** One line a call: which, when, by whom, how often. */
function addedLines(added: readonly Observation[], native: AbiName): string[] {
  const byLabel = new Map<string, Observation[]>();
  for (const o of added) {
    const label = callLabel(o.arch, o.nr, native);
    byLabel.set(label, [...(byLabel.get(label) ?? []), o]);
  }
  const width = Math.max(...[...byLabel.keys()].map((label) => label.length));
  return [...byLabel].map(([label, seen]) => {
    const who = seen.find(({ first }) => first?.process !== undefined)?.first?.process;
    const times = seen.reduce((sum, o) => sum + o.count + o.denied, 0);
    const when = [...new Set(seen.map(({ phase }) => WHEN[phase]))].join(', ');
    return `${printable(label).padEnd(width)}  ${when}${who === undefined ? '' : `, ${printable(who)}`}, ×${grouped(times)}`;
  });
}

function endOf({ endedByItself, status }: TryStep['run']): string {
  if (endedByItself) return `ended with ${status}`;
  return status === undefined ? 'it ran on' : `stopped with ${status}`;
}

/** The calls that a container made and its runtime did not. */
export function callsSeen({ observations }: Recording, native: AbiName): string[] {
  return labelsOf(
    observations.filter(({ count, phase }) => count > 0 && phase !== 'runtime'),
    native,
  );
}

function deniedOf(recording: Recording | undefined, native: AbiName): string[] {
  return labelsOf(recording?.observations.filter(({ denied }) => denied > 0) ?? [], native);
}

/** The verdict: two columns and what is proved. */
export function verdictLines(told: Told, { comparison, failed, leftOut }: TryResult): string[] {
  const { style } = told;
  const lines: string[] = [];
  if (comparison)
    lines.push(
      '',
      ...tableLines(told, comparison),
      '',
      style.dim('What the checks do not make it do, the profile may forbid: let them do everything.'),
    );
  if (leftOut.length > 0)
    lines.push('', `left out, because the default denies it: ${listed(leftOut.map(printable))}`);
  if (failed !== undefined) lines.push('', style.red(printable(failed)));
  return lines;
}

function tableLines(
  { style, looser: asked }: Told,
  { calls, instructions, from, looser }: Comparison,
): string[] {
  const row = (name: string, bound: number, own: number, unit: string) =>
    `${name.padEnd(INDENT.length)}${grouped(bound).padStart(7)}  ${style.bold(grouped(own).padStart(12))}  ${style.green(lessBy(bound, own))}  ${style.dim(unit)}`;
  const proof = `proved for every call, ${from === 'read' ? 'from the two filters in the kernel' : 'from the two profiles'}`;
  return [
    `${' '.repeat(INDENT.length)}default  this profile`.trimEnd(),
    row('calls allowed', calls.bound, calls.own, '').trimEnd(),
    row(
      'filter',
      instructions.bound,
      instructions.own,
      `instructions${from === 'read' ? ', in the kernel' : ''}`,
    ),
    looser.length === 0
      ? `${'looser'.padEnd(INDENT.length)}      –  ${style.green('never'.padStart(12))}  ${proof}`
      : `${'looser'.padEnd(INDENT.length)}      –  ${(asked ? style.yellow : style.red)(plural(looser.length, 'call').padStart(12))}  ${listed(looser.map(({ name, nr }) => printable(name ?? String(nr))))}`,
  ];
}

function lessBy(bound: number, own: number): string {
  const percent = Math.round((1 - own / bound) * 100);
  return (percent >= 0 ? `−${percent} %` : `+${-percent} %`).padStart(6);
}
