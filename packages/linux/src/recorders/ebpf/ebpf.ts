import { readKernelTypes } from '../../ebpf/btf.ts';
import { libc } from '../../libc.ts';
import { nativeNumber } from '../../machine.ts';
import { whyOtherNumbers } from '../../process/pid-namespace.ts';
import { processStatus } from '../../process/processes.ts';
import { observeInCgroup, whyNoCgroup } from '../cgroup-scope.ts';
import type { Recorder } from '../recorder.ts';
import { eventCalls } from './call-layout.ts';
import { CALL_MACHINE } from './call-machine.ts';
import { CountingPrograms, layoutOf } from './ebpf-programs.ts';
import { whyNoEvent } from './first-event.ts';
import { type ObserverLayout, observerLayout } from './observer-layout.ts';
import { ObserverPrograms } from './observer-programs.ts';

const CAP_SYS_ADMIN = 1n << 21n;

/** Counters in the kernel: every call of a cgroup, at a few nanoseconds each. */
export const ebpf: Recorder = ebpfWith((layout) => layout);

/** The same as kernels before Linux 5.11 have it, on any kernel: slower. */
export const ebpfWithCopies: Recorder = ebpfWith((layout) => ({
  ...layout,
  followsCurrent: false,
  cast: undefined,
}));

/** The same as kernels from Linux 7.0 on have it, on any kernel: slower, too. */
export const ebpfWithEvents: Recorder = ebpfWith((layout) => ({
  ...layout,
  calls: eventCalls()!,
  cast: undefined,
}));

function ebpfWith(adapted: <T extends object>(layout: T) => T): Recorder {
  return {
    id: 'ebpf',
    about: 'eBPF counters in the kernel: exact, needs root, costs tens of nanoseconds a call',

    unavailable() {
      if (process.platform !== 'linux') return 'this is not Linux';
      if (!CALL_MACHINE) return `its programs are not written for ${process.arch}`;
      if ((processStatus('self').effectiveCapabilities & CAP_SYS_ADMIN) === 0n)
        return 'it needs root (CAP_SYS_ADMIN)';
      const noCgroup = whyNoCgroup();
      if (noCgroup) return noCgroup;
      if (!mayUseBpf()) return 'bpf(2) is forbidden here';
      const types = readKernelTypes();
      if (!types) return 'the kernel describes no types (/sys/kernel/btf/vmlinux)';
      const layout = layoutOf(types);
      if (!layout || !observerLayout(types)) return 'the kernel does not name the types that it needs';
      return whyNoEvent(adapted(layout));
    },

    record(plan, hooks = {}) {
      // Tasks get their filter from this process, from the plan, or from the program itself: only the first two are known.
      const countsDenied = plan.filter !== undefined || processStatus('self').seccomp !== 0;
      return observeInCgroup('ebpf', plan, hooks, (pid, cgroup) => {
        const types = readKernelTypes()!;
        const programs = hooks.args
          ? observed(adapted(observerLayout(types)!), pid, countsDenied)
          : new CountingPrograms(adapted(layoutOf(types)!), cgroup.path, pid, countsDenied);
        return {
          result: () => ({ ...programs.read(), ambiguous: 0, countsDenied }),
          close: () => programs.close(),
        };
      });
    },
  };
}

/** Slower, with arguments. */
function observed(layout: ObserverLayout, pid: number, denied: boolean): ObserverPrograms {
  const why = whyOtherNumbers();
  if (why !== undefined) throw new Error(why);
  const programs = new ObserverPrograms(layout, { kind: 'launch', pid }, { denied, args: true });
  programs.lives.begin('startup', pid);
  return programs;
}

/** BPF_PROG_GET_NEXT_ID asks for nothing but the right to ask. */
function mayUseBpf(): boolean {
  const PROG_GET_NEXT_ID = 11;
  const ENOENT = 2;
  const c = libc();
  return c.syscall(nativeNumber('bpf'), PROG_GET_NEXT_ID, Buffer.alloc(16), 16) === 0 || c.errno() === ENOENT;
}
