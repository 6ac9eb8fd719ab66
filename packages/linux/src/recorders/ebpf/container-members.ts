import { CALL_MACHINE } from './call-machine.ts';

/** Members of a task that tell how it is confined, and in which container it is; `narrow` is where it says that its call has 32 bits. */
export const CONTAINER_MEMBERS = {
  tgid: [['task_struct', 'tgid']],
  narrow: [['task_struct', CALL_MACHINE?.narrow.member ?? '']],
  seccompMode: [['task_struct', 'seccomp.mode']],
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
} as const;
