import type { LogTally } from '../log-tally.ts';
import { eachLine, hexadecimal, type LogFormat } from './log-format.ts';
import { callOfTracepoint } from './tracepoint-names.ts';

const ENTER = /^(?:raw_syscalls:)?sys_enter:\s+NR (-?\d{1,20}) \(([^)]*)\)/;
/** The events syscalls:*: perf and trace-cmd name them, tracefs writes the call and its arguments. */
const NAMED_ENTER = /^(?:(?:syscalls:)?sys_enter_(\w+):|sys_(\w+)\()/;
const EVENT =
  /(?:raw_syscalls:sys_e(?:nter|xit)|(?<= )sys_e(?:nter|xit)|(?:syscalls:|(?<= ))sys_enter_\w+):|(?<=: )sys_[a-z]\w*(?:\(| -> )/g;
/** Before an event stand a comm, numbers and a time. */
const LONGEST_PLACE = 160;
/** "comm-pid [cpu] flags time: event" (ftrace) and "comm pid [cpu] time: event" (perf script); a comm has 15 characters. */
const FTRACE_PLACE = /^([\s\S]{0,16}?)-(\d+)\s+(?:\(\s*[\d-]+\)\s+)?\[\d+\]\s+(?:\S+\s+)?([\d.]+):\s+$/;
const PERF_PLACE = /^([\s\S]{0,17}?)\s+(\d+)(?:\/\d+)?\s+(?:\[\d+\]\s+)?([\d.]+):\s+(?:\d+\s+)?$/;

const LOST = [
  /^CPU:\d+ \[LOST (?:(\d{1,15}) )?EVENTS\]/,
  /\bPERF_RECORD_LOST(?:_SAMPLES)? lost (\d{1,15})/,
  /^#? ?(?:LOST|lost) (\d{1,15}) (?:events|chunks)/i,
];
/** The head of a trace: what was written beyond what is left in the buffer was overwritten. */
const WRITTEN = /^# entries-in-buffer\/entries-written: (\d{1,15})\/(\d{1,15})/;

/**
 * The tracepoints raw_syscalls:sys_enter and sys_exit, which have the number but not the ABI. The event stands behind
 * a comm that a process chooses, and before text that another may choose, so what is before it must be nothing else.
 */
function reader(place: RegExp) {
  return (tally: LogTally) => {
    // Where both kinds of events are on, the raw one of a call comes first.
    let raw = false;
    return eachLine((line) => {
      for (const { index } of line.slice(0, 2 * LONGEST_PLACE).matchAll(EVENT)) {
        const where = index <= LONGEST_PLACE ? place.exec(line.slice(0, index)) : null;
        if (!where) continue;
        const text = line.slice(index);
        const isNamed = NAMED_ENTER.test(text);
        raw ||= !isNamed && text.includes('sys_enter:');
        if (!(raw && isNamed))
          event(
            tally,
            text,
            () => where[1]?.trim(),
            () => where[3],
          );
        return;
      }
      notACall(tally, line);
    });
  };
}

function event(
  tally: LogTally,
  text: string,
  process: () => string | undefined,
  time: () => string | undefined,
): void {
  const enter = ENTER.exec(text);
  const named = NAMED_ENTER.exec(text);
  if (named) tally.name(callOfTracepoint(named[1] ?? named[2]), { process, time });
  if (!enter) {
    if (/^(?:raw_syscalls:)?sys_enter:/.test(text)) tally.unread();
    return;
  }
  const nr = Number(enter[1]);
  // -1 is a call that a tracer or a filter has skipped.
  if (nr < 0 || nr >= 0xffffffff) {
    tally.unread();
    return;
  }
  const entry = tally.number(nr, { process, time });
  if (tally.wantsArguments) tally.arguments(entry, enter[2].split(', ').map(hexadecimal));
}

function notACall(tally: LogTally, line: string): void {
  const written = WRITTEN.exec(line);
  if (written) tally.lost(Number(written[2]) - Number(written[1]));
  for (const pattern of LOST) {
    const lost = pattern.exec(line);
    if (lost) {
      tally.lost(Number(lost[1] ?? 1));
      return;
    }
  }
  if (line.includes('\u0000') || (/sys_enter:\s{1,20}NR /.test(line) && !line.startsWith('#')))
    tally.unread();
}

function recognises(place: RegExp) {
  return (line: string) =>
    [...line.slice(0, 2 * LONGEST_PLACE).matchAll(EVENT)].some(
      ({ index }) => index <= LONGEST_PLACE && place.test(line.slice(0, index)),
    );
}

function format(id: string, about: string, place: RegExp): LogFormat {
  return { id, about, recognises: recognises(place), reader: reader(place) };
}

/** perf script of raw_syscalls:sys_enter. */
export const perfScript = format('perf-script', 'perf script of raw_syscalls:sys_enter', PERF_PLACE);

/** The same without process and time; a format of its own, because a file name with a line end could begin such a line. */
export const perfScriptBare = format('perf-script-bare', 'perf script -F event,trace of the same', /^$/);

/** The text of tracefs: trace and trace_pipe. */
export const ftrace = format(
  'ftrace',
  'tracefs (trace, trace_pipe) and trace-cmd report of raw_syscalls:sys_enter',
  FTRACE_PLACE,
);
