/** Where the tracepoint sys_enter_* is named after the kernel's function and not after the call (SYSCALL_DEFINE). */
const FUNCTION_NAMES: Readonly<Record<string, string>> = {
  newstat: 'stat',
  newlstat: 'lstat',
  newfstat: 'fstat',
  newuname: 'uname',
  umount: 'umount2',
  sendfile64: 'sendfile',
};

/** The name of the call whose tracepoint is sys_enter_NAME. */
export function callOfTracepoint(name: string): string {
  return Object.hasOwn(FUNCTION_NAMES, name) ? FUNCTION_NAMES[name] : name;
}
