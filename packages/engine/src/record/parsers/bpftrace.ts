import type { LogTally } from '../log-tally.ts';
import { asObject, eachLine, type LogFormat, parseObject } from './log-format.ts';

const MAP_LINE = /^@\w*\[(.*)\]: (\d{1,15})\s*$/;
const PROBE = /^tracepoint:syscalls:sys_enter_(\w+)$/;
const LOST = /^Lost (\d{1,15}) events/i;

/** Where a tracepoint is named after the kernel's function and not after the call (include/linux/syscalls.h). */
const FUNCTION_NAMES: Readonly<Record<string, string>> = {
  newstat: 'stat',
  newlstat: 'lstat',
  newfstat: 'fstat',
  newuname: 'uname',
  umount: 'umount2',
  sendfile64: 'sendfile',
};

/** bpftrace's maps, as text and with -f json: the last part of a key is a number or a tracepoint. */
export const bpftrace: LogFormat = {
  id: 'bpftrace',
  about: 'bpftrace maps keyed by the system call, as text or -f json',
  recognises: (line) => MAP_LINE.test(line) || /^\{"type": ?"(?:map|lost_events|attached_probes)"/.test(line),
  reader: (tally) =>
    eachLine((line) => {
      const entry = MAP_LINE.exec(line);
      if (entry) return countKey(tally, entry[1].split(', '), Number(entry[2]));
      const lost = LOST.exec(line);
      if (lost) return tally.lost(Number(lost[1]));
      const object = parseObject(line);
      if (object) readObject(tally, object);
      else if (line.startsWith('{') || /^@\w*\[(?!.*\]:\s*$)/.test(line)) tally.unread();
    }),
};

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
  const probe = PROBE.exec(what);
  const process = () => (key.length > 1 ? key[0] : undefined);
  if (probe) tally.name(FUNCTION_NAMES[probe[1]] ?? probe[1], { count, process });
  else if (/^-?\d{1,10}$/.test(what)) tally.number(Number(what) >>> 0, { count, process });
  else if (!/^[\w ]+$/.test(what)) tally.unread();
}
