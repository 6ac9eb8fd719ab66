import type { LogTally } from '../log-tally.ts';
import { asObject, eachLine, type LogFormat, parseObject } from './log-format.ts';
import { callOfTracepoint } from './tracepoint-names.ts';

const MAP_LINE = /^@\w*\[(.*)\]: (\d{1,15})\s*$/;
const PROBE = /^tracepoint:syscalls:sys_enter_(\w+)$/;
const LOST = /^Lost (\d{1,15}) events/i;

/** Larger numbers are times, not counts. */
const MOST_CALLS = 2 ** 40;

/** bpftrace's maps, as text and with -f json: the last part of a key is a number or a tracepoint. */
export const bpftrace: LogFormat = {
  id: 'bpftrace',
  about: 'bpftrace maps keyed by the system call, as text or -f json',
  recognises: (line) => MAP_LINE.test(line) || /^\{"type": ?"(?:map|lost_events|attached_probes)"/.test(line),
  reader(tally) {
    // A comm with a line end tears an entry apart, and could pass for other entries.
    let torn = false;
    return eachLine((line) => {
      const entry = MAP_LINE.exec(line);
      if (torn) {
        tally.unread();
        torn = !/^[^@].*\]: \d+\s*$/.test(line);
      } else if (entry) countKey(tally, entry[1].split(', '), Number(entry[2]));
      else if (/^@\w*\[/.test(line) && !/\]:\s*$/.test(line)) {
        torn = true;
        tally.unread();
        tally.note(
          'an entry with a line end in it: what follows it is not read; bpftrace -f json is safe from that',
        );
      } else other(tally, line);
    });
  },
};

function other(tally: LogTally, line: string): void {
  const lost = LOST.exec(line);
  const object = lost ? undefined : parseObject(line);
  if (lost) tally.lost(Number(lost[1]));
  else if (object) readObject(tally, object);
  else if (line.startsWith('{')) tally.unread();
}

function readObject(tally: LogTally, object: Readonly<Record<string, unknown>>): void {
  const data = asObject(object.data) ?? {};
  if (object.type === 'lost_events') {
    tally.lost(Number(data.events));
    return;
  }
  if (object.type !== 'map') return;
  for (const [name, map] of Object.entries(data))
    if (name.startsWith('@')) readMap(tally, asObject(map) ?? {});
}

function readMap(tally: LogTally, map: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(map))
    if (Number.isSafeInteger(value) && Number(value) >= 0) countKey(tally, key.split(','), Number(value));
    else tally.unread();
}

function countKey(tally: LogTally, key: readonly string[], count: number): void {
  const what = key.at(-1)!.trim();
  if (count > MOST_CALLS) {
    tally.unread();
    return;
  }
  const probe = PROBE.exec(what);
  const process = () => (key.length > 1 ? key[0] : undefined);
  if (probe) tally.name(callOfTracepoint(probe[1]), { count, process });
  else if (/^\d{1,10}$/.test(what) && tally.knows(Number(what)))
    tally.number(Number(what), { count, process });
  else if (!/^[a-z_]\w*$/i.test(what)) tally.unread();
}
