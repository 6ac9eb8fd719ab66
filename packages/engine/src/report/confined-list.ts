import type { Comparison } from '../recognition/relation.ts';
import { type ConfinementSummary, differingText } from './confinement.ts';
import type { Style } from './style.ts';
import { printable } from './words.ts';

/** A container, or processes of one program that are confined alike, for a line of a table. */
export interface ConfinedRow {
  /** Who runs it: an engine, or "host". */
  readonly engine: string;
  readonly name: string;
  /** How many processes the line stands for, where these are not one container. */
  readonly count?: number;
  /** Undefined where it does not run; then `state` says what it is. */
  readonly confinement?: ConfinementSummary;
  readonly state: string;
  readonly privileged?: boolean;
  /** Whose filter it is; undefined where it has none. */
  readonly profile?: ConfinedProfile;
  /** Why its filter cannot be read. */
  readonly unreadable?: string;
}

export interface ConfinedProfile {
  /** Such as "default of docker 20.10"; undefined: nobody knows it. */
  readonly title?: string;
  readonly comparison: Comparison;
  /** Such as "default of docker 20.10". */
  readonly byDefault: string;
  /** Calls that an attacker likes, and that pass. */
  readonly open: readonly string[];
}

const HEAD = ['ENGINE', 'NAME', 'MODE', 'PROFILE', 'VS DEFAULT', 'PRIVILEGES', 'NOTABLE CALLS THAT PASS'];
/** So much of a name stands in a line. */
const LONGEST_NAME = 40;
const MOST_OPEN = 3;

interface Cell {
  readonly text: string;
  readonly paint: (text: string) => string;
}

/** A table with a line each, and under it what is worth a second look. */
export function confinedTable(style: Style, rows: readonly ConfinedRow[]): string {
  if (rows.length === 0) return '';
  const plain = (text: string): Cell => ({ text, paint: (t) => t });
  const lines = [
    HEAD.map((text) => ({ text, paint: style.dim })),
    ...rows.map((row) => [
      plain(row.engine),
      { text: nameOf(row), paint: style.bold },
      modeCell(style, row),
      profileCell(style, row),
      relationCell(style, row),
      privilegesCell(style, row),
      plain(openText(row)),
    ]),
  ];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((cells) => cells[column].text.length)));
  const table = lines.map((cells) =>
    cells
      .map(({ text, paint }, column) => paint(text) + ' '.repeat(widths[column] - text.length))
      .join('  ')
      .trimEnd(),
  );
  const [head, ...body] = table;
  return `${[head, ...body.flatMap((line, i) => [line, ...notes(style, rows[i])])].join('\n')}\n`;
}

function nameOf({ name, count }: ConfinedRow): string {
  const shown = printable(name);
  const cut = shown.length > LONGEST_NAME ? `${shown.slice(0, LONGEST_NAME - 1)}…` : shown;
  return count !== undefined && count > 1 ? `${cut} ×${count}` : cut;
}

function modeCell(style: Style, { confinement, state }: ConfinedRow): Cell {
  if (!confinement) return { text: state, paint: style.dim };
  const { mode, filters } = confinement;
  if (mode === 'none') return { text: 'none', paint: style.red };
  if (mode === 'strict') return { text: 'strict', paint: style.green };
  return { text: filters > 1 ? `${filters} filters` : 'filter', paint: style.green };
}

function profileCell(style: Style, { confinement, profile }: ConfinedRow): Cell {
  if (confinement?.mode !== 'filter') return { text: '–', paint: style.dim };
  if (!profile) return { text: '?', paint: style.yellow };
  return profile.title === undefined
    ? { text: 'unknown', paint: style.yellow }
    : { text: printable(profile.title), paint: (text) => text };
}

function relationCell(style: Style, { confinement, profile, engine }: ConfinedRow): Cell {
  if (confinement?.mode === 'none' && engine !== 'host') return { text: 'looser', paint: style.red };
  if (!profile) return { text: '', paint: style.dim };
  const { relation, looser, tighter } = profile.comparison;
  const paint = { equal: style.green, tighter: style.green, looser: style.red, other: style.yellow };
  const counts = [...(looser > 0 ? [`+${looser}`] : []), ...(tighter > 0 ? [`−${tighter}`] : [])];
  return { text: [relation, ...counts].join(' '), paint: paint[relation] };
}

/** Whether programs can get more than the container has, or it has all. */
function privilegesCell(style: Style, { confinement, privileged }: ConfinedRow): Cell {
  if (privileged) return { text: 'privileged', paint: style.red };
  return { text: confinement?.noNewPrivs ? 'no new' : '', paint: style.dim };
}

function openText({ confinement, profile, engine }: ConfinedRow): string {
  if (confinement?.mode === 'none' && engine !== 'host') return 'all of them';
  const open = profile?.open ?? [];
  const more = open.length - MOST_OPEN;
  return more > 0 ? `${open.slice(0, MOST_OPEN).join(', ')} +${more}` : open.join(', ');
}

/** What does not fit in a line and must be said. */
function notes(style: Style, { confinement, unreadable }: ConfinedRow): string[] {
  return [
    ...(confinement ? differingText(confinement) : []).map((note) => style.red(`  ↳ ${note}`)),
    ...(unreadable === undefined
      ? []
      : [style.yellow(`  ↳ its filter cannot be read: ${printable(unreadable)}`)]),
  ];
}
