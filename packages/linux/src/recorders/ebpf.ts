import { setTimeout as sleep } from 'node:timers/promises';
import { readKernelTypes } from '../bpf/btf.ts';
import { Cgroup, ownCgroup } from '../cgroup.ts';
import { type Ending, type Launched, launch } from '../launch.ts';
import { libc } from '../libc.ts';
import { nativeNumber, processStatus } from '../machine.ts';
import { CountingPrograms, layoutOf } from './ebpf-programs.ts';
import { ObserverPrograms, observerLayout } from './observer-programs.ts';
import type { Recorder, RecordHooks } from './recorder.ts';

const CAP_SYS_ADMIN = 1n << 21n;
/** How often the kernel is asked whether the program's last child is gone. */
const POLL_MS = 20;

/** Counters in the kernel: every call of a cgroup, at a few nanoseconds each. */
export const ebpf: Recorder = {
  id: 'ebpf',
  about: 'eBPF counters in the kernel: exact, needs root, some tens of nanoseconds a call',

  unavailable() {
    if (process.platform !== 'linux') return 'this is not Linux';
    if (process.arch !== 'x64') return 'its programs are written for x86_64';
    if ((processStatus('self').effectiveCapabilities & CAP_SYS_ADMIN) === 0n)
      return 'it needs root (CAP_SYS_ADMIN)';
    const noCgroup = whyNoCgroup();
    if (noCgroup) return noCgroup;
    if (!mayUseBpf()) return 'bpf(2) is forbidden here';
    const types = readKernelTypes();
    if (!types) return 'the kernel describes no types (/sys/kernel/btf/vmlinux)';
    return layoutOf(types) && observerLayout(types)
      ? undefined
      : 'the kernel does not name the types that it needs';
  },

  async record(plan, hooks = {}) {
    const layout = layoutOf(readKernelTypes()!)!;
    const launched = await launch({ ...plan, stop: hooks.stop });
    let cgroup: Cgroup | undefined;
    let programs: CountingPrograms | ObserverPrograms | undefined;
    try {
      cgroup = Cgroup.create();
      cgroup.add(launched.pid);
      // Tasks get their filter from this process, from the plan, or from the program itself: only the first two are known.
      const countsDenied = plan.filter !== undefined || processStatus('self').seccomp !== 0;
      programs = hooks.args
        ? new ObserverPrograms(
            observerLayout(readKernelTypes()!)!,
            { kind: 'launch', pid: launched.pid },
            { denied: countsDenied, args: true },
          )
        : new CountingPrograms(layout, cgroup.path, countsDenied);
      const ending = await see(launched, cgroup, hooks);
      const { counts, lost, left } = programs.read();
      return { ending, counts, lost, left, ambiguous: 0, countsDenied };
    } finally {
      launched.child.kill('SIGKILL');
      programs?.close();
      if (cgroup) await clear(cgroup);
    }
  },
};

function whyNoCgroup(): string | undefined {
  if (!ownCgroup()) return 'no cgroup-v2 hierarchy is mounted';
  try {
    Cgroup.create().remove();
    return undefined;
  } catch (fault) {
    return `no cgroup can be made (${fault instanceof Error ? fault.message : fault})`;
  }
}

/** BPF_PROG_GET_NEXT_ID asks for nothing but the right to ask. */
function mayUseBpf(): boolean {
  const PROG_GET_NEXT_ID = 11;
  const ENOENT = 2;
  const c = libc();
  return c.syscall(nativeNumber('bpf'), PROG_GET_NEXT_ID, Buffer.alloc(16), 16) === 0 || c.errno() === ENOENT;
}

/** Lets the program run until it and everything that it started is gone. */
async function see(launched: Launched, cgroup: Cgroup, hooks: RecordHooks): Promise<Ending> {
  const kill = () => cgroup.killAll();
  hooks.stop?.addEventListener('abort', kill);
  try {
    await launched.go();
    hooks.started?.(launched.pid);
    const ending = await launched.ended;
    hooks.ended?.();
    if (cgroup.isPopulated()) hooks.waiting?.(cgroup.pids().length);
    while (cgroup.isPopulated()) await sleep(POLL_MS);
    return ending;
  } finally {
    hooks.stop?.removeEventListener('abort', kill);
  }
}

/** What cannot be removed now, the next recording removes; a result is worth more than a clean folder. */
async function clear(cgroup: Cgroup): Promise<void> {
  try {
    cgroup.killAll();
    while (cgroup.isPopulated()) await sleep(1);
    cgroup.remove();
  } catch {
    // Cgroup.create looks for abandoned folders.
  }
}
