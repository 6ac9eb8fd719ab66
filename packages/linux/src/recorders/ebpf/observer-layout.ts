import type { KernelTypes } from '../../ebpf/btf.ts';
import type { EbpfAssembler, Register } from '../../ebpf/ebpf-assembler.ts';

/** The kernel types that the programs need. */
export type ObserverLayout = Readonly<Record<keyof typeof TYPES | keyof typeof MEMBERS, number>>;

const TYPES = {
  sysEnter: 'btf_trace_sys_enter',
  sysExit: 'btf_trace_sys_exit',
  exec: 'btf_trace_sched_process_exec',
  fork: 'btf_trace_sched_process_fork',
  exit: 'btf_trace_sched_process_exit',
  signal: 'btf_trace_signal_generate',
} as const;
const MEMBERS = {
  pid: ['task_struct', 'pid'],
  tgid: ['task_struct', 'tgid'],
  startTime: ['task_struct', 'start_time'],
  status: ['task_struct', 'thread_info.status'],
  seccompMode: ['task_struct', 'seccomp.mode'],
  namespaces: ['task_struct', 'nsproxy'],
  mounts: ['nsproxy', 'mnt_ns'],
  mountsNumber: ['mnt_namespace', 'ns.inum'],
  // Never used again, as the number is: ns_id from Linux 6.18 on, seq before.
  mountsId: ['mnt_namespace', 'ns.ns_id', 'seq'],
  uts: ['nsproxy', 'uts_ns'],
  hostname: ['uts_namespace', 'name.nodename'],
  originalAx: ['pt_regs', 'orig_ax'],
  ax: ['pt_regs', 'ax'],
  bx: ['pt_regs', 'bx'],
  cx: ['pt_regs', 'cx'],
  dx: ['pt_regs', 'dx'],
  si: ['pt_regs', 'si'],
  di: ['pt_regs', 'di'],
  bp: ['pt_regs', 'bp'],
  r8: ['pt_regs', 'r8'],
  r9: ['pt_regs', 'r9'],
  r10: ['pt_regs', 'r10'],
} as const;
/** Where a call's arguments lie: of 64 bits, and of 32. */
export const WIDE_ARGUMENTS = ['di', 'si', 'dx', 'r10', 'r8', 'r9'] as const;
export const NARROW_ARGUMENTS = ['bx', 'cx', 'dx', 'si', 'di', 'bp'] as const;

/** The types by their names in this kernel; undefined when it lacks one. */
export function observerLayout(types: KernelTypes): ObserverLayout | undefined {
  const ids = Object.entries(TYPES).map(([key, name]) => [key, types.id('typedef', name)]);
  const offsets = Object.entries(MEMBERS).map(([key, [struct, ...paths]]) => [
    key,
    paths.map((path) => types.memberOffset(struct, path)).find((offset) => offset !== undefined),
  ]);
  const layout = Object.fromEntries([...ids, ...offsets]);
  return Object.values(layout).includes(undefined) ? undefined : layout;
}

/** A register = the mount namespace of the task r7: its number, which comes again, or its id. */
export function loadNamespace(
  a: EbpfAssembler,
  { namespaces, mounts, mountsNumber, mountsId }: ObserverLayout,
  into: Register,
  which: 'mountsNumber' | 'mountsId',
): void {
  a.load64(into, 7, namespaces).load64(into, into, mounts);
  if (which === 'mountsId') a.load64(into, into, mountsId);
  else a.load32(into, into, mountsNumber);
}
