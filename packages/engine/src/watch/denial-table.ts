import type { AbiName } from '../syscalls/arch.ts';
import { type Answer, type DeniedCalls, type Place, passed } from './denied-call.ts';

/** Rows in all, and of one place: what a hostile container does must not push out what others do. */
const MOST_ROWS = 1000;
const MOST_ROWS_OF_A_PLACE = 100;
/** So many kinds that found no row are told apart. */
const MOST_FOLDED = 10_000;

/** What is known of one kind of call: the same place, ABI, number and answer. */
export interface DenialRow {
  /** What tells this kind from every other. */
  readonly key: string;
  readonly place: Place;
  readonly arch: AbiName;
  readonly nr: number | undefined;
  readonly answer: Answer;
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
  readonly count: number;
  /** Who made the last one. */
  readonly comm?: string;
  readonly pid?: number;
}

/** Calls that found no row of their own. */
export interface Folded {
  /** Undefined: of every place that got no row at all. */
  readonly place: Place | undefined;
  readonly denied: number;
  readonly logged: number;
}

interface Totals {
  readonly denied: number;
  readonly logged: number;
}

/** Sums up denied and logged calls in memory that does not grow beyond a bound, and loses no count. */
export class DenialTable {
  private readonly rowsByKey = new Map<string, DenialRow>();
  private readonly rowsOfPlace = new Map<string, number>();
  private readonly foldedByPlace = new Map<string, Folded>();
  private readonly foldedKinds = new Set<string>();
  private sum: Totals = { denied: 0, logged: 0 };

  /** Counts them; the row when it is a new one. */
  add(calls: DeniedCalls): DenialRow | undefined {
    this.sum = plus(this.sum, calls);
    const place = placeKey(calls.place);
    const key = `${place} ${calls.arch} ${calls.nr ?? '?'} ${answerKey(calls.answer)}`;
    const row = this.rowsByKey.get(key);
    if (row) {
      this.rowsByKey.set(key, grown(row, calls));
      return undefined;
    }
    const mates = this.rowsOfPlace.get(place) ?? 0;
    if (this.rowsByKey.size >= MOST_ROWS || mates >= MOST_ROWS_OF_A_PLACE) {
      this.fold(key, mates > 0 ? place : '', calls);
      return undefined;
    }
    this.rowsOfPlace.set(place, mates + 1);
    const { count, time, ...rest } = calls;
    const added = { key, ...rest, count, first: time, last: time };
    this.rowsByKey.set(key, added);
    return added;
  }

  /** In the order in which they were first seen. */
  rows(): readonly DenialRow[] {
    return [...this.rowsByKey.values()];
  }

  /** What found no row. */
  folded(): readonly Folded[] {
    return [...this.foldedByPlace.values()];
  }

  /** How many kinds that is; at least so many where `more`. */
  foldedKindCount(): { readonly kinds: number; readonly more: boolean } {
    const kinds = this.foldedKinds.size;
    return { kinds, more: kinds >= MOST_FOLDED };
  }

  /** Everything that was counted, with what found no row. */
  totals(): Totals {
    return this.sum;
  }

  private fold(key: string, place: string, calls: DeniedCalls): void {
    if (this.foldedKinds.size < MOST_FOLDED) this.foldedKinds.add(key);
    const before = this.foldedByPlace.get(place);
    const { denied, logged } = plus(before ?? { denied: 0, logged: 0 }, calls);
    this.foldedByPlace.set(place, { place: place === '' ? undefined : calls.place, denied, logged });
  }
}

function plus({ denied, logged }: Totals, calls: DeniedCalls): Totals {
  return passed(calls) ? { denied, logged: logged + calls.count } : { denied: denied + calls.count, logged };
}

/** The clock of a machine may be set back: what came first stays first. */
function grown(row: DenialRow, { count, time, comm, pid }: DeniedCalls): DenialRow {
  return {
    ...row,
    count: row.count + count,
    first: Math.min(row.first, time),
    last: Math.max(row.last, time),
    ...(comm !== undefined && { comm }),
    ...(pid !== undefined && { pid }),
  };
}

/** What tells a place from every other; names are not among it, because they can change. */
export function placeKey(place: Place): string {
  switch (place.kind) {
    case 'container':
      return `container:${place.engine}:${place.id}`;
    case 'host':
      return `host:${place.unit ?? ''}`;
    case 'gone':
      return `gone:${place.hostname ?? ''}`;
    case 'unknown':
      return 'unknown';
  }
}

function answerKey(answer: Answer): string {
  return answer.kind === 'REFUSED' ? `REFUSED ${answer.errno}` : answer.kind;
}
