import { isKnownName } from '../../syscalls/lookup.ts';
import type { LogTally } from '../log-tally.ts';
import { eachLine, type LogFormat } from './log-format.ts';

/** The last "/thread " behind a comm, which a process chooses, is perf's own. */
const LINE = /^ *[\d.?]+ \( *(?:[\d.?]+ ms *)?\): {1,8}(?:([\s\S]{0,15})\/(\d+) {1,2})?([\s\S]*)$/;
const CALL = /^([a-z_]\w*)\(/;
const CONTINUED = /^\.\.\. \[continued\]: ([a-z_]\w*)\(/;
const LOST = /^LOST (\d{1,15}) events/i;
const BIRTHS = ['clone', 'clone3', 'fork', 'vfork'];
const THREADS = 65_536;

/** perf trace: names only, and those of i386 calls are wrong, so no ABI is sure. */
export const perfTrace: LogFormat = {
  id: 'perf-trace',
  about: 'perf trace',
  recognises: (line) => LINE.test(line) && /[a-z_]\w*\(.*\)|\[continued\]/.test(line),
  reader(tally) {
    // A call that others interrupt is shown twice: its end is "... [continued]".
    const open = new Set<string>();
    return eachLine((line) => {
      const found = LINE.exec(line);
      if (!found) {
        notACall(tally, line);
        return;
      }
      const [, process = '', thread = '', rest] = found;
      const call = CONTINUED.exec(rest) ?? CALL.exec(rest);
      if (!call) {
        if (!/^(?:---|\+\+\+|[\w-]+:[\w-]+)/.test(rest)) tally.unread();
        return;
      }
      // A new thread begins with the end of its parent's clone.
      if (rest.startsWith('...') && (open.delete(thread) || BIRTHS.includes(call[1]))) return;
      if (/\.\.\.\s*$/.test(rest) && open.size < THREADS) open.add(thread);
      const number = /^syscall_(\d{1,9})$/.exec(call[1]);
      if (number && !isKnownName(call[1])) tally.number(Number(number[1]), { process: () => process });
      else tally.name(call[1], { process: () => process });
    });
  },
};

function notACall(tally: LogTally, line: string): void {
  const lost = LOST.exec(line);
  if (lost) tally.lost(Number(lost[1]));
  else if (/^\s*\S.*\(.*\) = |^\s*[\d.]+ \(/.test(line)) tally.unread();
}
