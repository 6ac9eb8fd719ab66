import { isKnownName } from '../../syscalls/lookup.ts';
import type { LogTally } from '../log-tally.ts';
import { eachLine, type LogFormat } from './log-format.ts';

/** evt.num evt.time evt.cpu proc.name (thread.tid) evt.dir evt.type evt.info; a comm has at most 15 characters. */
const EVENT =
  /^\d+ ([\d:.]+) \d+ (?:\S+ \((?:host|[0-9a-f]{12})\) )?(.{0,15}) \((\d+)(?:[.:]\d+)?\) ([<>]) (\w+)(?: |$)/;
/** What sysdig reports beside system calls. */
const NO_CALLS = new Set([
  'switch',
  'signaldeliver',
  'procexit',
  'container',
  'drop',
  'page_fault',
  'notification',
  'infra',
  'procinfo',
  'cpu_hotplug',
  'pluginevent',
  'mesos',
  'tracer',
  'k8s',
  'user_added',
  'group_added',
  'asyncevent',
]);
/** A call that sysdig has no event for: ID is its driver's own. */
const NATIVE = / > syscall ID=\d+\(\w*\) nativeID=(\d{1,10})(?: |$)/;
const DROPS = /Driver Drops: ?(\d{1,15})|\bdropped (?:events|system calls): ?(\d{1,15})/i;

const THREADS = 65_536;

/** sysdig's lines: ">" begins a call, "<" ends it; an end without a beginning is a call too. */
export const sysdig: LogFormat = {
  id: 'sysdig',
  about: 'sysdig in its usual format',
  recognises: (line) => EVENT.test(line),
  reader(tally) {
    const open = new Map<string, string>();
    return eachLine((line) => {
      const event = EVENT.exec(line);
      if (!event) {
        notACall(tally, line);
        return;
      }
      const [, time, process, thread, direction, name] = event;
      if (name === 'syscall') {
        const native = NATIVE.exec(line);
        if (native) tally.number(Number(native[1]), { process: () => process, time: () => time });
        return;
      }
      if (NO_CALLS.has(name) && !isKnownName(name)) return;
      const begun = open.get(thread) === name;
      open.delete(thread);
      if (direction === '>' && open.size < THREADS) open.set(thread, name);
      if (direction === '>' || !begun) tally.name(name, { process: () => process, time: () => time });
    });
  },
};

function notACall(tally: LogTally, line: string): void {
  const drops = DROPS.exec(line);
  if (drops) tally.lost(Number(drops[1] ?? drops[2]));
  else if (/^\d+ [\d:.]+ \d+ /.test(line)) tally.unread();
}
