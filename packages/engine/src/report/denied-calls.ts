import type { AbiName } from '../syscalls/arch.ts';
import { errnoName } from '../syscalls/arguments.ts';
import { nameOf } from '../syscalls/lookup.ts';
import type { DenialRow, DenialTable } from '../watch/denial-table.ts';
import { type Answer, type Place, passed } from '../watch/denied-call.ts';
import type { Style } from './style.ts';
import { grouped, printable, printableInPlace } from './words.ts';

const LONGEST_CELL = 40;
const SHORT_ID = 12;

/** A place in few words: docker:web, on this machine. */
export function placeLabel(place: Place): string {
  switch (place.kind) {
    case 'container': {
      const name = place.name ?? place.id.slice(0, SHORT_ID);
      if (place.pod === undefined) return printable(`${place.engine}:${name}`);
      return printable(`${place.namespace ?? ''}/${place.pod}/${name}`.replace(/^\//, ''));
    }
    case 'host':
      return place.unit === undefined ? 'this machine' : printable(place.unit);
    case 'gone':
      return place.hostname === undefined ? 'gone' : `gone (${printable(place.hostname)})`;
    case 'unknown':
      return 'not told';
  }
}

/** What the filter did, as people write it: EPERM, killed, would be denied. */
export function answerLabel(answer: Answer): string {
  switch (answer.kind) {
    case 'REFUSED':
      return answer.errno === 0 ? 'denied' : (errnoName(answer.errno) ?? `errno ${answer.errno}`);
    case 'KILLED':
      return 'killed';
    case 'KILL_PROCESS':
      return 'process killed';
    case 'KILL_THREAD':
      return 'thread killed';
    case 'ERRNO':
      return 'denied';
    case 'TRAP':
      return 'SIGSYS sent';
    case 'NOTIFY':
      return 'asked';
    case 'TRACE':
      return 'asked tracer';
    case 'LOG':
    case 'ALLOW':
      return 'would be denied';
  }
}

/** A call's name, or its number. */
export function rowCall({ arch, nr }: Pick<DenialRow, 'arch' | 'nr'>): string {
  return nr === undefined ? 'no such call' : (nameOf(arch, nr) ?? String(nr));
}

/** A call in a line: 10:51:03  docker:web  mount (x86_64)  EPERM  by mount, pid 4711. */
export function rowLine(row: DenialRow, native: AbiName, style: Style): string {
  const abi = row.arch === native ? '' : style.yellow(` (${row.arch})`);
  const times = row.count === 1 ? '' : `  ${grouped(row.count)} times`;
  return `${style.dim(clock(row.last))}  ${style.bold(placeLabel(row.place))}  ${rowCall(row)}${abi}  ${coloured(row, style)}${times}${style.dim(byWhom(row))}`;
}

interface Layout {
  readonly style: Style;
  /** Rows beyond are counted. */
  readonly most: number;
  /** Columns of the terminal. */
  readonly width?: number;
}

/** The rows as a table, those that were called last first; "" for none. */
export function rowsTable(
  table: DenialTable,
  { style, most, width = Number.POSITIVE_INFINITY }: Layout,
): string {
  const rows = [...table.rows()].sort((a, b) => b.last - a.last);
  if (rows.length === 0) return '';
  const cells = rows
    .slice(0, most)
    .map((row) => [
      placeLabel(row.place),
      rowCall(row),
      row.arch,
      answerLabel(row.answer),
      grouped(row.count),
      clock(row.first),
      clock(row.last),
      whom(row),
    ]);
  const head = ['WHERE', 'CALL', 'ABI', 'ANSWER', 'COUNT', 'FIRST', 'LAST', 'BY'];
  const shown = [head, ...cells].map((line) => line.map((cell) => shortened(cell)));
  const widths = head.map((_, i) => Math.max(...shown.map((line) => line[i].length)));
  const lines = shown.map((line, i) => {
    const padded = line.map((cell, c) => (c === 4 ? cell.padStart(widths[c]) : cell.padEnd(widths[c])));
    const text = padded.join('  ').trimEnd().slice(0, width);
    if (i === 0) return style.dim(text);
    return passed(rows[i - 1]) ? style.yellow(text) : text;
  });
  if (rows.length > most) lines.push(style.dim(`and ${grouped(rows.length - most)} more`));
  return `${[...lines, ...foldedLines(table)].join('\n')}\n`;
}

/** Calls that found no row of their own. */
export function foldedLines(table: DenialTable): string[] {
  const folded = table.folded();
  if (folded.length === 0) return [];
  const calls = folded.reduce((sum, { denied, logged }) => sum + denied + logged, 0);
  const { kinds, more } = table.foldedKindCount();
  return [`other: ${grouped(calls)} calls of ${more ? 'over ' : ''}${grouped(kinds)} further kinds`];
}

/** A row as JSON has it. */
export function rowDocument(row: DenialRow) {
  const { place, answer, arch, nr } = row;
  return {
    place: place.kind,
    container: place.kind === 'container' ? containerDocument(place) : null,
    ...(place.kind === 'host' && place.unit !== undefined && { unit: place.unit }),
    ...(place.kind === 'gone' && place.hostname !== undefined && { hostname: place.hostname }),
    arch,
    syscall: nr === undefined ? null : (nameOf(arch, nr) ?? null),
    nr: nr ?? null,
    action: answer.kind === 'REFUSED' ? (answer.errno === 0 ? 'DENIED' : 'ERRNO') : answer.kind,
    errno: answer.kind === 'REFUSED' && answer.errno !== 0 ? (errnoName(answer.errno) ?? answer.errno) : null,
    denied: !passed(row),
    count: row.count,
    first: timeOf(row.first),
    last: timeOf(row.last),
    comm: row.comm ?? null,
    pid: row.pid ?? null,
  };
}

function containerDocument({ engine, id, name, pod, namespace }: Place & { kind: 'container' }): object {
  return { engine, id, name: name ?? null, pod: pod ?? null, namespace: namespace ?? null };
}

function coloured(row: DenialRow, style: Style): string {
  const label = answerLabel(row.answer);
  return passed(row) ? style.yellow(label) : style.red(label);
}

function byWhom(row: DenialRow): string {
  const who = whom(row);
  return who === '' ? '' : `  by ${who}`;
}

function whom({ comm, pid }: DenialRow): string {
  const name = comm === undefined ? '' : printable(comm);
  return pid === undefined ? name : `${name} (${pid})`.trimStart();
}

/** Hours, minutes and seconds of this machine's time. */
function clock(time: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '--:--:--';
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/** As JSON has times; a record may claim one that no calendar has. */
function timeOf(time: number): string | null {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function shortened(cell: string): string {
  const plain = printableInPlace(cell);
  return plain.length > LONGEST_CELL ? `${plain.slice(0, LONGEST_CELL - 1)}…` : plain;
}
