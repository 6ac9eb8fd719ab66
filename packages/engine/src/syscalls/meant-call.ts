import { suggest } from '../diagnostics/suggest.ts';
import { allNames } from './lookup.ts';

/** Functions of libc, by the call that they come down to (man pages of section 2 and 3). */
const LIBRARY_FUNCTIONS: Readonly<Record<string, string>> = {
  _exit: 'exit_group',
  abort: 'tgkill',
  aio_read: 'pread64',
  arc4random: 'getrandom',
  calloc: 'brk',
  clock: 'clock_gettime',
  closedir: 'close',
  dlopen: 'mmap',
  eaccess: 'faccessat',
  execl: 'execve',
  execlp: 'execve',
  execv: 'execve',
  execvp: 'execve',
  execvpe: 'execve',
  fclose: 'close',
  fexecve: 'execveat',
  fopen: 'openat',
  fread: 'read',
  free: 'brk',
  fstatat: 'newfstatat',
  fstatvfs: 'fstatfs',
  futimens: 'utimensat',
  fwrite: 'write',
  getdomainname: 'uname',
  getentropy: 'getrandom',
  gethostname: 'uname',
  getopt: 'write',
  initgroups: 'setgroups',
  isatty: 'ioctl',
  lockf: 'fcntl',
  malloc: 'brk',
  mkfifo: 'mknodat',
  mkstemp: 'openat',
  mq_receive: 'mq_timedreceive',
  mq_send: 'mq_timedsend',
  opendir: 'openat',
  popen: 'clone3',
  posix_fadvise: 'fadvise64',
  posix_fallocate: 'fallocate',
  posix_spawn: 'clone3',
  pread: 'pread64',
  printf: 'write',
  pselect: 'pselect6',
  pthread_create: 'clone3',
  pthread_kill: 'tgkill',
  pthread_mutex_lock: 'futex',
  puts: 'write',
  pwrite: 'pwrite64',
  raise: 'tgkill',
  realloc: 'mremap',
  realpath: 'readlink',
  remove: 'unlink',
  sbrk: 'brk',
  sem_open: 'openat',
  sem_wait: 'futex',
  setegid: 'setresgid',
  seteuid: 'setresuid',
  shm_open: 'openat',
  sigqueue: 'rt_sigqueueinfo',
  sigtimedwait: 'rt_sigtimedwait',
  sigwaitinfo: 'rt_sigtimedwait',
  sleep: 'clock_nanosleep',
  statvfs: 'statfs',
  sysconf: 'sched_getaffinity',
  system: 'clone3',
  tcgetattr: 'ioctl',
  tcsetattr: 'ioctl',
  usleep: 'clock_nanosleep',
  wait: 'wait4',
  wait3: 'wait4',
};

/** The kernel's own functions of calls (sys_newstat …). */
const KERNEL_FUNCTIONS: Readonly<Record<string, string>> = {
  newfstat: 'fstat',
  newlstat: 'lstat',
  newstat: 'stat',
  newuname: 'uname',
};
const OTHER_NAMES = { ...LIBRARY_FUNCTIONS, ...KERNEL_FUNCTIONS };

/** Whether a name is that of a function in libc which is no system call. */
export function isLibraryFunction(name: string): boolean {
  return Object.hasOwn(LIBRARY_FUNCTIONS, name);
}

/** The call that somebody meant who wrote a name that no call has; undefined where that cannot be guessed. */
export function meantCall(name: string): string | undefined {
  return Object.hasOwn(OTHER_NAMES, name)
    ? OTHER_NAMES[name as keyof typeof OTHER_NAMES]
    : suggest(name, allNames());
}
