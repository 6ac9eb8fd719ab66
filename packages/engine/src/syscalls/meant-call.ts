import { suggest } from '../diagnostics/suggest.ts';
import { allNames } from './lookup.ts';

/**
 * Names by which people know a call, and that the kernel's table does not have: functions of libc (man pages of section 2
 * and 3, "C library/kernel differences") and the kernel's own functions (sys_newstat …).
 */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  fstatat: 'newfstatat',
  newfstat: 'fstat',
  newlstat: 'lstat',
  newstat: 'stat',
  newuname: 'uname',
  posix_fadvise: 'fadvise64',
  posix_fallocate: 'fallocate',
  pread: 'pread64',
  pselect: 'pselect6',
  pwrite: 'pwrite64',
  sbrk: 'brk',
  sigqueue: 'rt_sigqueueinfo',
  sigtimedwait: 'rt_sigtimedwait',
  sigwaitinfo: 'rt_sigtimedwait',
  sleep: 'clock_nanosleep',
  usleep: 'clock_nanosleep',
  wait: 'wait4',
};

/** The call that somebody meant who wrote a name that no call has; undefined where that cannot be guessed. */
export function meantCall(name: string): string | undefined {
  return Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : suggest(name, allNames());
}
