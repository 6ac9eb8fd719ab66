import type { Passing } from '@callgate/engine/internal/lint/judged';
import type { Style } from '@callgate/engine/internal/report/style';
import { plural, printableInPlace } from '@callgate/engine/internal/report/words';
import type { CallMatrix, CallRow, FilterColumn } from '../audit/call-matrix.ts';

/** Filters have letters, of which there are so many. */
const MOST = 26;
/** Names of containers below a letter. */
const MOST_NAMES = 6;
const MARKS: Readonly<Record<Passing, string>> = { always: '●', sometimes: '◐', never: '·' };
const PAINT: Readonly<Record<Passing, 'red' | 'yellow' | 'dim'>> = {
  always: 'red',
  sometimes: 'yellow',
  never: 'dim',
};

/** Which notable calls pass under which filter: a row for each call, a letter for each filter, and who has it. */
export function matrixText(style: Style, { columns, rows }: CallMatrix): string {
  const shown = columns.slice(0, MOST);
  if (shown.length === 0) return '';
  const letters = shown.map((_, i) => letter(i)).join(' ');
  const width = Math.max(...rows.map(({ call }) => call.length));
  const passing = rows.filter(({ passes }) => passes.some((one) => one !== 'never'));
  const denied = rows.filter((row) => !passing.includes(row));
  const lines = [
    style.bold('What attackers like and gets through'),
    `${' '.repeat(width)}  ${letters}`,
    ...passing.map(
      (row) => `${row.call.padEnd(width)}  ${cells(style, row, shown.length)}  ${style.dim(row.why)}`,
    ),
    ...(denied.length > 0
      ? [style.dim(`denied everywhere: ${denied.map(({ call }) => call).join(', ')}`)]
      : []),
    style.dim('● passes  ◐ with some arguments  · never'),
    ...shown.map((column, i) => `${style.bold(letter(i))}  ${legend(column)}`),
    ...(columns.length > MOST ? [style.dim(`… and ${columns.length - MOST} filters more`)] : []),
  ];
  return `${lines.join('\n')}\n\n`;
}

function letter(i: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + i);
}

function cells(style: Style, { passes }: CallRow, most: number): string {
  return passes
    .slice(0, most)
    .map((one) => style[PAINT[one]](MARKS[one]))
    .join(' ');
}

function legend({ name, containers }: FilterColumn): string {
  const names = containers.slice(0, MOST_NAMES).map(({ workload, container }) => `${workload} ${container}`);
  const more = containers.length > MOST_NAMES ? `, … (${plural(containers.length, 'container')})` : '';
  return printableInPlace(`${name}: ${names.join(', ')}${more}`);
}
