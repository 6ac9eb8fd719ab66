import type { AbiName } from '../../syscalls/arch.ts';
import { numberOf } from '../../syscalls/lookup.ts';

/** Calls that came again with 32-bit ids, when those had 16; their functions in the kernel have the plain name. */
const WIDE_IDS =
  /^(?:get|set)(?:uid|gid|groups|fsuid|fsgid|reuid|regid|resuid|resgid)$|^get(?:euid|egid)$|^[fl]?chown$/;
/** Calls that came again with 64-bit times: what the kernel's function of the plain name is called in tables. */
const WIDE_TIMES: Readonly<Record<string, string>> = {
  clock_adjtime: 'clock_adjtime64',
  clock_getres: 'clock_getres_time64',
  clock_gettime: 'clock_gettime64',
  clock_nanosleep: 'clock_nanosleep_time64',
  clock_settime: 'clock_settime64',
  futex: 'futex_time64',
  io_pgetevents: 'io_pgetevents_time64',
  mq_timedreceive: 'mq_timedreceive_time64',
  mq_timedsend: 'mq_timedsend_time64',
  ppoll: 'ppoll_time64',
  pselect6: 'pselect6_time64',
  recvmmsg: 'recvmmsg_time64',
  rt_sigtimedwait: 'rt_sigtimedwait_time64',
  sched_rr_get_interval: 'sched_rr_get_interval_time64',
  semtimedop: 'semtimedop_time64',
  timer_gettime: 'timer_gettime64',
  timer_settime: 'timer_settime64',
  timerfd_gettime: 'timerfd_gettime64',
  timerfd_settime: 'timerfd_settime64',
  utimensat: 'utimensat_time64',
};
const OTHERS: Readonly<Record<string, string>> = {
  select: '_newselect',
  old_select: 'select',
  sendfile: 'sendfile64',
  sendfile32: 'sendfile',
  getrlimit: 'ugetrlimit',
  old_getrlimit: 'getrlimit',
  newfstatat: 'fstatat64',
  llseek: '_llseek',
};

/**
 * The call of a 32-bit task by the name that Tracee gives it: that of the kernel's function, which is the newest of several
 * calls. Its own ids of such calls are no numbers of any ABI.
 */
export function compatCall(abi: AbiName, name: string): number | undefined {
  const own = (table: Readonly<Record<string, string>>) =>
    Object.hasOwn(table, name) ? table[name] : undefined;
  const meant =
    own(OTHERS) ??
    own(WIDE_TIMES) ??
    (WIDE_IDS.test(name) ? `${name}32` : name.replace(/_time32$|32$|16$/, (end) => shorter(name, end)));
  return numberOf(abi, meant) ?? numberOf(abi, name);
}

/** getuid16 is the old getuid, futex_time32 the old futex; the 32 of other names is their own. */
function shorter(name: string, end: string): string {
  const stem = name.slice(0, -end.length);
  const isOld = end === '32' ? Object.hasOwn(WIDE_TIMES, stem) : true;
  return isOld ? '' : end;
}
