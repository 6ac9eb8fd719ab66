import { foldedLines, rowDocument, rowLine, rowsTable } from '@callgate/engine/internal/report/denied-calls';
import { plural, printable } from '@callgate/engine/internal/report/words';
import { writeJson } from '@callgate/engine/internal/source/write-json';
import type { DenialRow, DenialTable } from '@callgate/engine/internal/watch/denial-table';
import { thisMachine } from '@callgate/linux/internal/machine';
import type { Context } from '../context.ts';
import { LiveText } from './live-text.ts';
import { styleFor } from './style.ts';

const REDRAW_MS = 500;
/** A summary that nobody scrolls through. */
const MOST_IN_SUMMARY = 100;

interface Shown {
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** How often what grew is told again where nothing can be redrawn; milliseconds. */
  readonly interval: number;
}

interface Ended {
  readonly lost: number;
  readonly notes: readonly string[];
}

/** How people and programs are told of what is watched. */
export interface WatchDisplay {
  begin(source: string, because: string, metrics: string | undefined): void;
  added(row: DenialRow): void;
  /** Some time has gone by. */
  looked(): void;
  /** Something else is written to the terminal. */
  pause(): void;
  end(ended: Ended): void;
}

/** JSON lines, a table that grows on a terminal, or a line a row; nothing but what was lost, where it is to be quiet. */
export function watchDisplay(context: Context, table: DenialTable, shown: Shown): WatchDisplay {
  if (shown.json) return jsonDisplay(context, table, shown);
  if (shown.quiet) return quietDisplay(context);
  return textDisplay(context, table, shown);
}

function jsonDisplay({ stdout }: Context, table: DenialTable, { interval }: Shown): WatchDisplay {
  const write = (event: string, document: object) => stdout.write(`${writeJson({ event, ...document })}\n`);
  const updates = new Updates(table, interval);
  return {
    begin: (source, because, metrics) => write('start', { source, because, ...(metrics && { metrics }) }),
    added(row) {
      updates.told(row);
      write('new', rowDocument(row));
    },
    looked() {
      for (const row of updates.due()) write('update', rowDocument(row));
    },
    pause: () => {},
    end({ lost, notes }) {
      for (const row of updates.all()) write('update', rowDocument(row));
      const folded = table.folded().reduce((sum, one) => sum + one.denied + one.logged, 0);
      write('end', { ...table.totals(), kinds: table.rows().length, folded, lost, notes });
    },
  };
}

function quietDisplay({ stderr }: Context): WatchDisplay {
  const nothing = () => {};
  return {
    begin: nothing,
    added: nothing,
    looked: nothing,
    pause: nothing,
    end({ lost }) {
      if (lost > 0) stderr.write(`callgate: ${plural(lost, 'record')} lost\n`);
    },
  };
}

function textDisplay(context: Context, table: DenialTable, { interval }: Shown): WatchDisplay {
  const { stdout, stderr } = context;
  const native = thisMachine().abi.name;
  const style = styleFor(stdout, context.env);
  const live = stdout.isTTY && context.env.TERM !== 'dumb' ? new LiveText(stdout) : undefined;
  const updates = new Updates(table, interval);
  let drawn = 0;
  const draw = (most: number) => rowsTable(table, { style, most, width: live && stdout.columns });
  return {
    begin(source, because, metrics) {
      const dim = styleFor(stderr, context.env).dim;
      const where = metrics === undefined ? '' : `; metrics at http://${metrics}/metrics`;
      stderr.write(`${dim(`callgate: watching ${source}: ${printable(because)}${where}; Ctrl-C ends it`)}\n`);
    },
    added(row) {
      updates.told(row);
      if (!live) stdout.write(`${rowLine(row, native, style)}\n`);
    },
    looked() {
      if (!live) {
        for (const row of updates.due()) stdout.write(`${rowLine(row, native, style)}\n`);
      } else if (performance.now() - drawn > REDRAW_MS) {
        drawn = performance.now();
        // The head, and what found no row.
        live.show(draw(live.most - 2));
      }
    },
    pause: () => live?.clear(),
    end({ lost, notes }) {
      live?.clear();
      const summary = draw(MOST_IN_SUMMARY);
      if (summary !== '') stdout.write(live ? summary : `\n${summary}`);
      else
        stdout.write(
          foldedLines(table)
            .map((line) => `${line}\n`)
            .join(''),
        );
      const { denied, logged } = table.totals();
      const losses = lost === 0 ? 'nothing lost' : style.red(`${plural(lost, 'record')} LOST`);
      const would = logged === 0 ? '' : `, ${plural(logged, 'call')} that would be denied`;
      stdout.write(`${style.bold(`${plural(denied, 'call')} denied`)}${would}; ${losses}\n`);
      for (const note of notes) stdout.write(`${style.yellow(`note: ${printable(note)}`)}\n`);
    },
  };
}

/** Which rows have grown since they were last told of. */
class Updates {
  private readonly table: DenialTable;
  private readonly interval: number;
  private readonly counts = new Map<string, number>();
  private last = performance.now();

  constructor(table: DenialTable, interval: number) {
    this.table = table;
    this.interval = interval;
  }

  told(row: DenialRow): void {
    this.counts.set(row.key, row.count);
  }

  /** Those that have grown, once in an interval. */
  due(): readonly DenialRow[] {
    if (performance.now() - this.last < this.interval) return [];
    this.last = performance.now();
    return this.all();
  }

  all(): readonly DenialRow[] {
    const grown = this.table.rows().filter((row) => row.count !== this.counts.get(row.key));
    for (const row of grown) this.told(row);
    return grown;
  }
}
