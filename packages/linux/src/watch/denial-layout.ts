import { rawTracepoint, type Tracepoint } from '../ebpf/bpf-syscall.ts';
import type { KernelTypes } from '../ebpf/btf.ts';
import { type CallLayout, callLayoutOf } from '../recorders/ebpf/call-layout.ts';
import { CONTAINER_MEMBERS } from '../recorders/ebpf/container-members.ts';
import { followsCurrent, type TaskPaths, taskPaths } from '../recorders/ebpf/task-view.ts';

/** What the programs ask of a task. */
const MEMBERS = {
  ...CONTAINER_MEMBERS,
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
