import { rawTracepoint, type Tracepoint } from '../../ebpf/bpf-syscall.ts';
import type { KernelTypes } from '../../ebpf/btf.ts';
import { type CallLayout, callLayoutOf } from './call-layout.ts';
import { CONTAINER_MEMBERS } from './container-members.ts';
import { followsCurrent, type TaskPaths, taskPaths } from './task-view.ts';

/** What these programs ask of a task. */
const MEMBERS = {
  ...CONTAINER_MEMBERS,
  pid: [['task_struct', 'pid']],
  startTime: [['task_struct', 'start_time']],
} as const;
export type ObserverMember = keyof typeof MEMBERS;

const TRACEPOINTS = {
  exec: 'sched_process_exec',
  fork: 'sched_process_fork',
  exit: 'sched_process_exit',
  signal: 'signal_generate',
} as const;

/** The kernel types that the programs need. */
export type ObserverLayout = Readonly<Record<keyof typeof TRACEPOINTS, Tracepoint>> & {
  /** In uts_namespace. */
  readonly hostname: number;
  readonly calls: CallLayout;
  readonly paths: TaskPaths<ObserverMember>;
  readonly followsCurrent: boolean;
};

/** The types by their names in this kernel; undefined when it lacks one. */
export function observerLayout(types: KernelTypes): ObserverLayout | undefined {
  const ids = Object.entries(TRACEPOINTS).map(([key, name]) => [key, rawTracepoint(types, name)]);
  const layout = {
    ...Object.fromEntries(ids),
    hostname: types.memberOffset('uts_namespace', 'name.nodename'),
    calls: callLayoutOf(types),
    paths: taskPaths(types, MEMBERS),
    followsCurrent: followsCurrent(types),
  };
  return Object.values(layout).includes(undefined) ? undefined : layout;
}
