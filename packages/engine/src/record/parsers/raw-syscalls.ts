import type { LogTally } from '../log-tally.ts';
import { eachLine, type LogFormat } from './log-format.ts';

const ENTER = /^(?:raw_syscalls:)?sys_enter:\s+NR (-?\d{1,20}) \(([^)]*)\)/;
const NAMED_ENTER = /^syscalls:sys_enter_(\w+):/;
const EVENT = /(?:raw_syscalls:sys_e(?:nter|xit)|(?<= )sys_e(?:nter|xit)|syscalls:sys_enter_\w+):/g;
/** "comm-pid [cpu] flags time: event" (ftrace) and "comm pid [cpu] time: event" (perf script); a comm has 15 characters. */
const FTRACE_PLACE = /^ *(\S.{0,15}?)-(\d+)\s+(?:\(\s*[\d-]+\)\s+)?\[\d+\]\s+(?:\S+\s+)?([\d.]+):\s+$/;
const PERF_PLACE = /^(?:\s*(\S.{0,15}?)\s+(\d+)(?:\/\d+)?\s+(?:\[\d+\]\s+)?([\d.]+):\s+(?:\d+\s+)?)?$/;

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
  return (tally: LogTally) =>
    eachLine((line) => {
      for (const { index } of line.matchAll(EVENT)) {
        const where = place.exec(line.slice(0, index));
        if (where) {
          event(
            tally,
            line.slice(index),
            () => where[1],
            () => where[3],
          );
          return;
        }
      }
      notACall(tally, line);
    });
}

function event(tally: LogTally, text: string, process: () => string, time: () => string): void {
  const enter = ENTER.exec(text);
  const named = NAMED_ENTER.exec(text);
  if (named) tally.name(named[1], { process, time });
  if (!enter) {
    if (/sys_enter:/.test(text)) tally.unread();
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
  if (line.includes('\u0000') || (/^[^:]{0,80}:[^:]*sys_enter: NR /.test(line) && !line.startsWith('#')))
    tally.unread();
}

function hexadecimal(text: string): bigint | undefined {
  return /^[0-9a-f]{1,16}$/.test(text) ? BigInt(`0x${text}`) : undefined;
}

function recognises(place: RegExp) {
  return (line: string) => [...line.matchAll(EVENT)].some(({ index }) => place.test(line.slice(0, index)));
}

/** perf script of raw_syscalls:sys_enter. */
export const perfScript: LogFormat = {
  id: 'perf-script',
  about: 'perf script of raw_syscalls:sys_enter',
  recognises: recognises(PERF_PLACE),
  reader: reader(PERF_PLACE),
};

/** The text of tracefs: trace and trace_pipe. */
export const ftrace: LogFormat = {
  id: 'ftrace',
  about: 'tracefs (trace, trace_pipe) and trace-cmd report of raw_syscalls:sys_enter',
  recognises: recognises(FTRACE_PLACE),
  reader: reader(FTRACE_PLACE),
};
