import { readlinkSync } from 'node:fs';

/** PROC_PID_INIT_INO (linux/proc_ns.h). */
const FIRST = 'pid:[4026531836]';

/**
 * Why eBPF programs cannot find a process by its number; undefined when they can. They see the numbers of the kernel's first
 * pid namespace, a container's processes those of their own.
 */
export function whyOtherNumbers(): string | undefined {
  if (readlinkSync('/proc/self/ns/pid') === FIRST) return undefined;
  return 'this is a pid namespace, where processes have other numbers than eBPF programs see';
}
