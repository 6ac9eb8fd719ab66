import type { Change, Difference, Differences } from '../analysis/diff.ts';
import type { Action } from '../bpf/action.ts';
import { type Abi, abiOf } from '../syscalls/arch.ts';
import { callsOf } from '../syscalls/lookup.ts';
import { formatAction } from './action.ts';
import { describeArguments } from './arguments.ts';
import { formatCallBriefly } from './call.ts';
import type { Style } from './style.ts';
import { plural, wrap } from './words.ts';

const CHANGES: readonly Change[] = ['loosened', 'tightened', 'changed'];

/** That many calls are said as all but the others. */
const NEARLY_ALL = 3;
const MOST_RANGES = 6;
/** So many differences are worth being told one by one in any case. */
const FEW = 8;

type Uniform = NonNullable<Differences['uniform']>;

/** Of at least one difference: what differs and how much, then every difference: by change, by the two actions, by ABI. */
export function differencesText(style: Style, all: Differences): string {
  const { listed: differences, isComplete, uniform = new Set() as Uniform } = all;
  const groups = CHANGES.map((change) =>
    changeText(
      style,
      change,
      differences.filter((d) => d.change === change),
      uniform,
    ),
  );
  const calls = new Set(differences.filter((d) => d.name).map((d) => `${d.arch} ${d.name}`)).size;
  const numbers = differences.some((d) => !d.name) ? ', and in numbers that no call has' : '';
  const amount = isComplete
    ? `in ${plural(calls, 'system call')}${numbers}`
    : 'in more ways than can be listed; for example:';
  return `${style.red('different')} ${amount}\n${groups.join('')}`;
}

/** The document of diff --json; where not all differences can be listed, `complete` is false. */
export function differencesDocument({ listed, isComplete }: Differences): object {
  return {
    equal: listed.length === 0,
    ...(!isComplete && { complete: false }),
    differences: listed.map((d) => ({
      arch: d.arch,
      syscall: d.name ?? String(d.nr),
      nr: d.nr,
      ...(d.last > d.nr && { last: d.last }),
      change: d.change,
      before: { action: d.before.kind, data: d.before.data },
      after: { action: d.after.kind, data: d.after.data },
      when: conditionOf(d),
      count: d.count.toString(),
      witness: { arch: d.arch, nr: d.witness.nr, args: d.witness.args.map(String) },
    })),
  };
}

function changeText(
  style: Style,
  change: Change,
  differences: readonly Difference[],
  uniform: Uniform,
): string {
  if (differences.length === 0) return '';
  const colour = { loosened: style.red, tightened: style.green, changed: style.yellow }[change];
  const rows = [...groupBy(differences, (d) => `${formatted(d.before)} → ${formatted(d.after)}`)].map(
    ([actions, group]) => `  ${style.bold(actions)}\n${abiTexts(style, group, uniform)}`,
  );
  return `\n${colour(change)}\n${rows.join('')}`;
}

/** Calls that differ alike on several ABIs are said once. */
function abiTexts(style: Style, group: readonly Difference[], uniform: Uniform): string {
  const byAbi = groupBy(group, (d) => d.arch);
  const bodies = [...byAbi].map(([arch, mine]) => ({
    arch,
    body: uniform.has(arch) && mine.length > FEW ? uniformText(mine[0]) : bodyText(style, mine),
  }));
  return [...groupBy(bodies, ({ body }) => body)]
    .map(([body, alike]) => `    ${style.dim(alike.map(({ arch }) => archName(arch)).join(', '))}\n${body}`)
    .join('');
}

function archName(arch: Difference['arch']): string {
  return arch === 'other' ? 'all other architectures' : arch;
}

/** Of an ABI for which every call gets the same now: of no interest is which of them got what before. */
function uniformText({ before }: Difference): string {
  return `      every call that had ${formatted(before)}\n`;
}

function bodyText(style: Style, mine: readonly Difference[]): string {
  const whole = mine.filter((d) => d.name && isAlways(d)).map((d) => d.name!);
  const numbers = mine.filter((d) => !d.name).map((d) => numbersText(d));
  const partial = mine.filter((d) => d.name && !isAlways(d));
  const lines = [...groupBy(partial, conditionOf)].map(([condition, alike]) => {
    const [first] = alike;
    const example = style.dim(
      `for example ${formatCallBriefly(first.name, first.witness.args, abiIn(first)?.name)}`,
    );
    const names = wrap(commas(alike.map((d) => d.name!)), '      ');
    return `${names} when ${condition}\n        ${example}\n`;
  });
  return namesText(whole, abiIn(mine[0])) + lines.join('') + numbersLine(numbers);
}

/** Names of calls of an ABI; where they are nearly all of it, the others instead. */
function namesText(names: readonly string[], abi: Abi | undefined): string {
  if (names.length === 0) return '';
  const differing = new Set(names);
  const others = abi ? callsOf(abi.name).flatMap(([name]) => (differing.has(name) ? [] : [name])) : names;
  if (others.length === 0) return '      every call\n';
  const words =
    others.length * NEARLY_ALL < names.length ? ['every', 'call', 'but', ...commas(others)] : commas(names);
  return `${wrap(words, '      ')}\n`;
}

function numbersLine(ranges: readonly string[]): string {
  if (ranges.length === 0) return '';
  const more = ranges.length - MOST_RANGES;
  const listed = more > 1 ? [...ranges.slice(0, MOST_RANGES), `and ${more} more ranges`] : ranges;
  return `${wrap(commas(['numbers without a name:', ...listed], 1), '      ')}\n`;
}

/** Whatever the arguments are. */
function isAlways({ when }: Difference): boolean {
  return when.diagram.isTerminal(when.root);
}

/** For which arguments, as people write it; empty for all. */
export function conditionOf(difference: Difference): string {
  return describeArguments(difference.when, difference.name, abiIn(difference));
}

function abiIn({ arch }: Difference): Abi | undefined {
  return arch === 'other' ? undefined : abiOf(arch);
}

function numbersText({ nr, last }: Difference): string {
  if (nr === 0 && last === 0xffffffff) return 'all';
  return nr === last ? `${nr}` : `${nr}–${last}`;
}

/** Words with a comma behind each but the last, and the first so many. */
function commas(words: readonly string[], without = 0): string[] {
  return words.map((word, i) => (i < without || i === words.length - 1 ? word : `${word},`));
}

function formatted({ kind, data }: Action): string {
  return formatAction(kind, data);
}

function groupBy<T, K extends string>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
