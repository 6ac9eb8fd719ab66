import { rawTracepoint, type Tracepoint } from '../ebpf/bpf-syscall.ts';
import type { KernelTypes } from '../ebpf/btf.ts';
import { type CallLayout, callLayoutOf } from '../recorders/ebpf/call-layout.ts';
import { CALL_MACHINE } from '../recorders/ebpf/call-machine.ts';
import { followsCurrent, type TaskPaths, taskPaths } from '../recorders/ebpf/task-view.ts';

/** What the programs ask of a task; `narrow` is where it says that its call has 32 bits. */
const MEMBERS = {
  tgid: [['task_struct', 'tgid']],
  seccompMode: [['task_struct', 'seccomp.mode']],
  narrow: [['task_struct', CALL_MACHINE?.narrow.member ?? '']],
  /** The number of its mount namespace, which comes again, */
  mountsNumber: [
    ['task_struct', 'nsproxy'],
    ['nsproxy', 'mnt_ns'],
    ['mnt_namespace', 'ns.inum'],
  ],
  /** and its id, which does not: ns_id from Linux 6.18 on, seq before. */
  mountsId: [
    ['task_struct', 'nsproxy'],
    ['nsproxy', 'mnt_ns'],
    ['mnt_namespace', 'ns.ns_id', 'seq'],
  ],
  uts: [
    ['task_struct', 'nsproxy'],
    ['nsproxy', 'uts_ns'],
  ],
  /** The name of its cgroup (v2), and of the one that it is in. */
  cgroup: [
    ['task_struct', 'cgroups'],
    ['css_set', 'dfl_cgrp'],
    ['cgroup', 'kn'],
    ['kernfs_node', 'name'],
  ],
  parentCgroup: [
    ['task_struct', 'cgroups'],
    ['css_set', 'dfl_cgrp'],
    ['cgroup', 'kn'],
    ['kernfs_node', '__parent', 'parent'],
    ['kernfs_node', 'name'],
  ],
} as const;
export type DenialMember = keyof typeof MEMBERS;

/** The kernel types that the programs need. */
export interface DenialLayout {
  readonly fork: Tracepoint;
  readonly taskFree: Tracepoint;
  readonly calls: CallLayout;
  /** In uts_namespace. */
  readonly hostname: number;
  readonly paths: TaskPaths<DenialMember>;
  readonly followsCurrent: boolean;
}

/** The types by their names in this kernel; undefined when it lacks one. */
export function denialLayout(types: KernelTypes): DenialLayout | undefined {
  const layout = {
    fork: rawTracepoint(types, 'sched_process_fork'),
    taskFree: rawTracepoint(types, 'sched_process_free'),
    calls: callLayoutOf(types),
    hostname: types.memberOffset('uts_namespace', 'name.nodename'),
    paths: taskPaths(types, MEMBERS),
    followsCurrent: followsCurrent(types),
  };
  return Object.values(layout).includes(undefined) ? undefined : (layout as DenialLayout);
}
