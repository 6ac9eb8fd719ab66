import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuditListener } from '../../kernel-log/audit-listener.ts';
import type { LoggedDenial } from '../../kernel-log/kernel-log.ts';
import { launch } from '../../launch/launch.ts';
import { nativeNumber, thisMachine } from '../../machine.ts';
import { inAuditSession } from '../../process/audit-session.ts';
import type { Cgroup } from '../../process/cgroup.ts';
import { processStatus } from '../../process/processes.ts';
import { observeInCgroup, whyNoCgroup } from '../cgroup-scope.ts';
import { Counter, type Recorder, RecorderCannotStart } from '../recorder.ts';
import { LOG_ALL, RET_LOG, whyNoRecords } from './hears-records.ts';

const CAP_AUDIT_READ = 1n << 37n;
const READ_EVERY_MS = 10;
/** The last records come a moment after the calls. */
const SETTLE_MS = 200;
/** Whatever still comes then, such as from a machine that logs without end. */
const SETTLE_AT_MOST_MS = 5000;

/** Every call is allowed and written to the audit log, which callgate listens to. */
export const log: Recorder = {
  id: 'log',
  about: 'SECCOMP_RET_LOG and audit records: needs root, costs about 10 µs a call; loses some in a rush',

  unavailable() {
    if (process.platform !== 'linux') return 'this is not Linux';
    if ((processStatus('self').effectiveCapabilities & CAP_AUDIT_READ) === 0n)
      return 'it needs root (CAP_AUDIT_READ)';
    if (!logsAllowedCalls()) return 'kernel.seccomp.actions_logged leaves out "log"';
    const noCgroup = whyNoCgroup();
    if (noCgroup) return noCgroup;
    try {
      new AuditListener().close();
      return undefined;
    } catch (fault) {
      return fault instanceof Error ? fault.message : String(fault);
    }
  },

  unavailableByTrial: whyNoRecords,

  async record(plan, hooks = {}) {
    const why = await whyNoRecords();
    if (why !== undefined) throw new RecorderCannotStart('log', why);
    let session: number | undefined;
    const started: typeof launch = (held) =>
      inAuditSession((found) => {
        session = found;
        return launch(held);
      });
    return observeInCgroup(
      'log',
      { ...plan, filter: LOG_ALL },
      hooks,
      (pid, cgroup) => {
        const listener = new AuditListener();
        const records = new OwnRecords(session, cgroup, pid);
        return {
          take: () => records.add(listener.records()),
          async result() {
            const until = performance.now() + SETTLE_AT_MOST_MS;
            for (
              let last = performance.now();
              performance.now() - last < SETTLE_MS && performance.now() < until;
              await sleep(READ_EVERY_MS)
            )
              if (records.add(listener.records()) > 0) last = performance.now();
            const { lost, notes } = listener.losses();
            return {
              counts: records.counter.result(),
              lost: lost + records.unclear,
              notes: records.unclear > 0 ? [...notes, unclearNote(records.unclear)] : notes,
              left: 0,
              ambiguous: 0,
              countsDenied: false,
            };
          },
          close: () => listener.close(),
        };
      },
      started,
    );
  },
};

function unclearNote(records: number): string {
  return `of ${records} audit records it is not known whose they are: their processes were gone, and no audit session tells`;
}

/**
 * Picks a program's own records: those of its audit session, which is in every record, and those of processes that are found
 * in its cgroup, as of somebody who has logged in meanwhile and so began another session. Without a session, or in one that
 * is newer than the program, records whose processes are gone may be its own, or anybody's, and are counted as lost.
 */
class OwnRecords {
  readonly counter = new Counter();
  unclear = 0;
  private readonly session: number | undefined;
  private readonly cgroup: string;
  private readonly launcher: number;
  private armed = false;

  constructor(session: number | undefined, { path }: Cgroup, launcher: number) {
    this.session = session;
    this.cgroup = basename(path);
    this.launcher = launcher;
  }

  /** How many of them were its own. */
  add(records: Iterable<LoggedDenial>): number {
    let found = 0;
    for (const record of records) {
      const { pid, command, arch, nr, code } = record;
      if (code >>> 0 !== RET_LOG || !this.isOwn(record)) continue;
      found++;
      // The launcher's own calls end with its execve.
      this.armed ||=
        pid !== this.launcher || (arch === thisMachine().abi.name && nr === nativeNumber('execve'));
      if (this.armed) this.counter.add({ arch, nr, count: 1, denied: 0, process: command, time: Date.now() });
    }
    return found;
  }

  private isOwn({ session, pid }: LoggedDenial): boolean {
    if (this.session !== undefined && session === this.session) return true;
    const cgroup = cgroupOf(pid);
    if (cgroup === undefined && (this.session === undefined || (session ?? 0) > this.session)) this.unclear++;
    return cgroup?.endsWith(this.cgroup) ?? false;
  }
}

function cgroupOf(pid: number): string | undefined {
  try {
    return /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'latin1'))?.[1];
  } catch {
    return undefined;
  }
}

function logsAllowedCalls(): boolean {
  try {
    return readFileSync('/proc/sys/kernel/seccomp/actions_logged', 'latin1').split(/\s+/).includes('log');
  } catch {
    return false;
  }
}
