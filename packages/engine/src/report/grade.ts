import { isAlwaysAsked } from '../lint/capability-checks.ts';
import type { ExposedCall, Exposure } from '../lint/exposure.ts';
import { type Grade, type GradePart, LETTERS } from '../lint/grade.ts';
import { NOTABLE_CATEGORIES } from '../syscalls/notable.ts';
import type { Style } from './style.ts';
import { listed, plural, printable } from './words.ts';

/** What of a default's releases a profile is looser than, by the releases that are alike. */
export interface Comparison {
  /** Such as docker. */
  readonly runtime: string;
  /** Releases in whose sources the default was found. */
  readonly releases: readonly string[];
  /** The calls that pass here and not there, or with more arguments. */
  readonly looser: readonly string[];
}

/** A grade, the name of its profile, and what that is looser than. */
export interface GradedProfile {
  readonly name: string;
  readonly grade: Grade;
  readonly exposure: Exposure;
  readonly comparisons: readonly Comparison[];
}

/** Names in a line. */
const MOST_NAMED = 8;

/** The letter, and every line that it is the sum of. */
export function gradeText(style: Style, { name, grade, comparisons }: GradedProfile): string {
  const { letter, points, parts } = grade;
  const calls = parts.filter(({ kind }) => kind === 'call');
  return [
    `${style.bold(printable(name))}: ${style.bold(`grade ${letter}`)}, the sum of ${plural(points, 'point')} ${style.dim(`(${scale()})`)}`,
    ...NOTABLE_CATEGORIES.flatMap((category) =>
      section(style, category, calls.filter(({ call }) => call!.category === category).map(callLine)),
    ),
    ...section(
      style,
      'user namespaces',
      parts.filter(({ kind }) => kind === 'namespaces').map(namespacesLine),
    ),
    ...section(style, 'what lint finds', parts.filter(({ kind }) => kind === 'findings').map(findingsLine)),
    ...comparisons.map(comparisonLine),
    '',
  ].join('\n');
}

function scale(): string {
  return `${LETTERS.map(([letter, below]) => `${letter} below ${below}`).join(', ')}, then F`;
}

function section(style: Style, title: string, lines: readonly string[]): string[] {
  return lines.length > 0 ? [`  ${style.cyan(title)}`, ...lines.map((line) => `    ${line}`)] : [];
}

function callLine({ points, call }: GradePart): string {
  const { name, why, isConditional } = call!;
  const words = [isConditional ? 'by its arguments' : '', why, reachWords(call!)].filter(Boolean);
  return `${String(points).padStart(3)}  ${name}: ${words.join('; ')}`;
}

function reachWords({ reach, asks }: ExposedCall): string {
  if (!asks) return '';
  const { capability, when } = asks;
  switch (reach) {
    case 'anyone':
      return isAlwaysAsked(asks)
        ? `needs ${capability}, which the container has`
        : `asks for ${capability}: ${when}`;
    case 'own-namespace':
      return `needs ${capability}, in a user namespace of its own, too`;
    case 'capability':
      return `needs ${capability}, which the container has not`;
  }
}

function namespacesLine({ points }: GradePart): string {
  return `${String(points).padStart(3)}  a process may make one, and has every capability in it`;
}

function findingsLine({ points, count, name }: GradePart): string {
  return `${String(points).padStart(3)}  ${count} ${name}`;
}

function comparisonLine({ runtime, releases, looser }: Comparison): string {
  const which = `the default of ${runtime} ${releases.length > 1 ? `${releases[0]} to ${releases.at(-1)}` : releases[0]}`;
  return looser.length === 0
    ? `  not looser than ${which}`
    : `  looser than ${which} in ${plural(looser.length, 'call')}: ${listed(looser, MOST_NAMED)}`;
}

/** The same as data. */
export function gradeDocument({ name, grade, exposure, comparisons }: GradedProfile): object {
  return {
    file: printable(name),
    grade: grade.letter,
    points: grade.points,
    parts: grade.parts.map(({ kind, name: of, points, count, call }) => ({
      kind,
      name: of,
      points,
      ...(count !== undefined && { count }),
      ...(call && {
        category: call.category,
        conditional: call.isConditional,
        reach: call.reach,
        ...(call.asks && { capability: call.asks.capability, when: call.asks.when }),
      }),
    })),
    userNamespaces: exposure.hasUserNamespaces,
    defaults: comparisons.map(({ runtime, releases, looser }) => ({ runtime, releases, looser })),
  };
}
