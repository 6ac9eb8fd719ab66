import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { instruction, type Program } from '@callgate/engine/internal/bpf/instruction';
import { RET_K } from '@callgate/engine/internal/bpf/opcodes';
import { AuditListener } from '../../kernel-log/audit-listener.ts';
import type { LoggedDenial } from '../../kernel-log/kernel-log.ts';
import { nativeNumber, thisMachine } from '../../machine.ts';
import type { Cgroup } from '../../process/cgroup.ts';
import { processStatus } from '../../process/processes.ts';
import { observeInCgroup, whyNoCgroup } from '../cgroup-scope.ts';
import { Counter, type Recorder } from '../recorder.ts';

const RET_LOG = 0x7ffc0000;
const LOG_ALL: Program = [instruction(RET_K, RET_LOG)];
const CAP_AUDIT_READ = 1n << 37n;
const READ_EVERY_MS = 10;
/** The last records come a moment after the calls. */
const SETTLE_MS = 200;

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

  record: (plan, hooks = {}) =>
    observeInCgroup({ ...plan, filter: LOG_ALL }, hooks, (pid, cgroup) => {
      const listener = new AuditListener();
      const records = new OwnRecords(cgroup, pid);
      return {
        take: () => records.add(listener.records()),
        async result() {
          for (let last = performance.now(); performance.now() - last < SETTLE_MS; await sleep(READ_EVERY_MS))
            if (records.add(listener.records()) > 0) last = performance.now();
          return {
            counts: records.counter.result(),
            ...listener.losses(),
            left: 0,
            ambiguous: 0,
            countsDenied: false,
          };
        },
        close: () => listener.close(),
      };
    }),
};

/** Picks the records of one cgroup. A process that is gone when its record is read counts: only a filter that logs makes records. */
class OwnRecords {
  readonly counter = new Counter();
  private readonly cgroup: string;
  private readonly launcher: number;
  private readonly own = new Map<number, boolean>();
  private armed = false;

  constructor(cgroup: Cgroup, launcher: number) {
    this.cgroup = cgroup.path.slice(cgroup.path.lastIndexOf('/'));
    this.launcher = launcher;
    this.own.set(launcher, true);
  }

  /** How many of them were its own. */
  add(records: Iterable<LoggedDenial>): number {
    let found = 0;
    for (const record of records) {
      const { pid, command, arch, nr, code } = record;
      if (code >>> 0 !== RET_LOG || !this.isOwn(pid)) continue;
      found++;
      // The launcher's own calls end with its execve.
      this.armed ||=
        pid !== this.launcher || (arch === thisMachine().abi.name && nr === nativeNumber('execve'));
      if (this.armed) this.counter.add({ arch, nr, count: 1, denied: 0, process: command, time: Date.now() });
    }
    return found;
  }

  private isOwn(pid: number): boolean {
    let own = this.own.get(pid);
    if (own === undefined) {
      own = cgroupOf(pid)?.endsWith(this.cgroup) ?? true;
      this.own.set(pid, own);
    }
    return own;
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
