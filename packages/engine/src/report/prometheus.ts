import type { DenialRow, DenialTable } from '../watch/denial-table.ts';
import { type Place, passed } from '../watch/denied-call.ts';
import { rowCall } from './denied-calls.ts';
import { printable } from './words.ts';

/** What is known beside the calls themselves. */
export interface WatchState {
  readonly source: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Records that were lost. */
  readonly lost: number;
  /** Commands of --exec that found no place in the queue. */
  readonly commandsDropped: number;
}

type Labels = Readonly<Record<string, string>>;
interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

/**
 * A table of calls in Prometheus's text format, version 0.0.4. The number of series is bounded by the table's rows: what found
 * no row is under the labels "other", and counted.
 */
export function prometheusText(table: DenialTable, state: WatchState): string {
  const rows = table.rows();
  const folded = table.folded();
  const others = (kind: 'denied' | 'logged') =>
    folded
      .filter((one) => one[kind] > 0)
      .map((one) => ({
        labels: { ...placeLabels(one.place), syscall: 'other', arch: 'other', action: 'other' },
        value: one[kind],
      }));
  const foldedCalls = folded.reduce((sum, { denied, logged }) => sum + denied + logged, 0);
  return [
    family('callgate_denied_calls_total', 'counter', 'System calls that a seccomp filter denied.', [
      ...rows.filter((row) => !passed(row)).map(sampleOf),
      ...others('denied'),
    ]),
    family(
      'callgate_logged_calls_total',
      'counter',
      'System calls that a seccomp filter logged and let pass.',
      [...rows.filter(passed).map(sampleOf), ...others('logged')],
    ),
    family('callgate_folded_calls_total', 'counter', 'Calls that are counted under the labels "other".', [
      { value: foldedCalls },
    ]),
    family(
      'callgate_lost_records_total',
      'counter',
      'Records that the source lost before callgate saw them.',
      [{ labels: { source: state.source }, value: state.lost }],
    ),
    family(
      'callgate_commands_dropped_total',
      'counter',
      'Commands of --exec that found no place in the queue.',
      [{ value: state.commandsDropped }],
    ),
    family('callgate_watch_start_time_seconds', 'gauge', 'When watching began, in seconds since 1970.', [
      { value: state.since / 1000 },
    ]),
  ].join('');
}

function family(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string {
  // A series that comes twice spoils everything, and names that differ may look alike once they are escaped.
  const values = new Map<string, number>();
  for (const { labels = {}, value } of samples) {
    const series = `${name}${labelText(labels)}`;
    values.set(series, (values.get(series) ?? 0) + value);
  }
  const lines = [...values].map(([series, value]) => `${series} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function sampleOf(row: DenialRow): Sample {
  const { answer } = row;
  const action = answer.kind === 'REFUSED' ? `errno_${answer.errno}` : answer.kind.toLowerCase();
  return {
    labels: { ...placeLabels(row.place), syscall: rowCall(row), arch: row.arch, action },
    value: row.count,
  };
}

function placeLabels(place: Place | undefined): Labels {
  const empty = { engine: '', container: '', id: '', pod: '', namespace: '' };
  if (place === undefined) return { place: 'other', ...empty };
  if (place.kind === 'host') return { place: 'host', ...empty, container: place.unit ?? '' };
  if (place.kind === 'gone') return { place: 'gone', ...empty, id: place.hostname ?? '' };
  if (place.kind === 'unknown') return { place: 'unknown', ...empty };
  const { engine, id, name = '', pod = '', namespace = '' } = place;
  return { place: 'container', engine, container: name, id, pod, namespace };
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${labelValue(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** A backslash, a double quote and a line end are written with a backslash; other control characters as messages have them. */
function labelValue(value: string): string {
  return printable(value).replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
}
