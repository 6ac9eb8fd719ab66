import { isKnownName } from '../../syscalls/lookup.ts';
import type { CallDetail, LogTally } from '../log-tally.ts';
import { asObject, eachLine, type LogFormat, parseObject } from './log-format.ts';
import { callOfTracepoint } from './tracepoint-names.ts';

const MAP_LINE = /^(@\w*)\[(.*)\]: (\d{1,15})\s*$/;
const PROBE = /^tracepoint:syscalls:sys_enter_(\w+)$/;
/** The kernel's function behind a call, as kprobe, fentry and ksym() name it; ia32 are the calls of 32-bit programs. */
const FUNCTION =
  /^(?:(?:kprobe|kfunc|fentry):(?:vmlinux:)?)?__(x64|ia32|arm64|s390x|riscv)_(?:compat_)?sys_(\w+)$/;
/** A map whose name says that its keys are calls, so that a bare word is the name of one. */
const OF_CALLS = /sys|call/i;
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
      } else if (entry) countKey(tally, entry[1], entry[2].split(', '), Number(entry[3]));
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
    if (name.startsWith('@')) readMap(tally, name, asObject(map) ?? {});
}

function readMap(tally: LogTally, name: string, map: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(map))
    if (Number.isSafeInteger(value) && Number(value) >= 0)
      countKey(tally, name, key.split(','), Number(value));
    else tally.unread();
}

function countKey(tally: LogTally, map: string, key: readonly string[], count: number): void {
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
  else if (FUNCTION.test(what)) countFunction(tally, what, { count, process });
  else if (OF_CALLS.test(map) && key.length === 1 && isKnownName(what)) tally.name(what, { count });
  else if (!/^[a-z_]\w*$/i.test(what)) tally.unread();
}

function countFunction(tally: LogTally, what: string, detail: CallDetail): void {
  const [, machine, name] = FUNCTION.exec(what)!;
  const call = callOfTracepoint(name);
  if (machine === 'ia32') tally.named('x86', call, detail);
  else tally.nameIfKnown(call, detail);
}
