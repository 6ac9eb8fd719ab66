import { type AbiName, abiOf } from '../../syscalls/arch.ts';
import type { LogTally } from '../log-tally.ts';
import { eachLine, type LogFormat } from './log-format.ts';
import { isStraceCall, NOTICE } from './strace-lines.ts';

const TITLE = /^System call usage summary for (\S+(?: bit)?) mode:/;
const HEADER_CHARACTERS = /^[\w%/ -]{1,200}$/;
const RULER = /^\s*-{4,}(?: +-{4,})*\s*$/;

/** Ctrl-C, by which strace is often ended, is echoed before what it prints then. */
function withoutEcho(line: string): string {
  return line.startsWith('^C') ? line.slice(2) : line;
}

function isHeader(text: string): boolean {
  const line = withoutEcho(text);
  return HEADER_CHARACTERS.test(line) && /\bsyscall\b/.test(line) && !/Unknown/.test(line);
}

/** The ABI that strace means by "32 bit" and "x32" on a machine. */
export function straceMode(mode: string, machine: AbiName): AbiName | undefined {
  if (mode === '64 bit') return machine;
  const { subAbis } = abiOf(machine);
  return mode === 'x32' ? subAbis.find((abi) => abi === 'x32') : subAbis.find((abi) => abi !== 'x32');
}

/**
 * The tables of strace -c and -C: columns may be reordered (-U), and each ABI but strace's own has a table with a title.
 */
export class SummaryTable {
  private readonly tally: LogTally;
  /** Whether rows count: beside a trace they say again what the trace said. */
  private readonly counts: () => boolean;
  private mode: AbiName | undefined;
  private header = '';
  private columns: readonly string[] | undefined;
  /** Behind the second ruler stands the sum. */
  private closed = false;

  constructor(tally: LogTally, counts: () => boolean = () => true) {
    this.tally = tally;
    this.counts = counts;
  }

  /** Whether the line belongs to a table. */
  line(text: string): boolean {
    const line = withoutEcho(text);
    const title = TITLE.exec(line);
    if (title) {
      this.mode = straceMode(title[1], this.tally.machine);
      return true;
    }
    if (RULER.test(line)) return this.ruler(line);
    this.header = line;
    return this.columns ? this.row(line.trim().split(/\s+/), this.columns) : isHeader(line);
  }

  private ruler(line: string): boolean {
    if (this.columns) this.closed = true;
    else this.columns = columnsOf(this.header, line);
    return this.columns !== undefined;
  }

  private row(cells: readonly string[], columns: readonly string[]): boolean {
    if (this.closed) {
      this.closed = false;
      this.columns = undefined;
      this.mode = undefined;
      return cells.includes('total');
    }
    // The column of errors is empty where there were none. Wide numbers move the rest, so cells are counted, not measured.
    const full = cells.length === columns.length ? columns : columns.filter((column) => column !== 'errors');
    const cell = (column: string) => cells[full.indexOf(column)];
    const count = full.includes('calls') ? cell('calls') : '1';
    if (cells.length !== full.length || !/^\d{1,15}$/.test(count)) return false;
    if (this.counts()) this.count(cell('syscall'), Number(count));
    return true;
  }

  private count(name: string, count: number): void {
    const { tally, mode } = this;
    const number = /^syscall_(0x[0-9a-f]{1,8}|\d{1,10})$/.exec(name)?.[1];
    if (number && mode) tally.call(mode, Number(number), { count });
    else if (number) tally.number(Number(number), { count });
    else if (mode) tally.named(mode, name, { count });
    else tally.name(name, { count });
  }
}

/** The titles over the dashes: which there are, and in what order, is up to -U. */
function columnsOf(header: string, ruler: string): readonly string[] | undefined {
  const titles = [...ruler.matchAll(/-+/g)].map(({ index, 0: dashes }, i, all) =>
    header.slice(index, i === all.length - 1 ? undefined : index + dashes.length).trim(),
  );
  return titles.includes('syscall') ? titles : undefined;
}

/** strace -c, -C, -U and -w. */
export const straceSummary: LogFormat = {
  id: 'strace-summary',
  about: 'the table that strace -c prints',
  recognises: (line) => isHeader(line) || TITLE.test(line),
  documentLines(lines) {
    if (lines.some(isStraceCall)) return 0;
    const begin = lines.findIndex((line, i) => isHeader(line) && RULER.test(lines[i + 1] ?? ''));
    if (begin < 0) return 0;
    const end = lines.findIndex((line, i) => i > begin && /\btotal\s*$/.test(line));
    return (end < 0 ? lines.length : end + 1) - begin + lines.filter((line) => NOTICE.test(line)).length;
  },
  reader(tally) {
    const table = new SummaryTable(tally);
    return eachLine((text) => {
      const line = withoutEcho(text);
      if (line.trim() !== '' && !/^strace: /.test(line) && !NOTICE.test(line) && !table.line(line))
        tally.unread();
    });
  },
};
