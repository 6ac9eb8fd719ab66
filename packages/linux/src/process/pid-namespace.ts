import { readlinkSync } from 'node:fs';

/** PROC_PID_INIT_INO (linux/proc_ns.h): the pid namespace that the kernel begins with. */
export const FIRST_PID_NAMESPACE = 4026531836;

/** The number of the pid namespace that a process has its children in; undefined when that cannot be seen. */
export function pidNamespaceOf(pid: number | 'self'): number | undefined {
  try {
    return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/pid`)));
  } catch {
    return undefined;
  }
}

/**
 * Why eBPF programs cannot find a process by its number; undefined when they can. They see the numbers of the kernel's first
 * pid namespace, a container's processes those of their own.
 */
export function whyOtherNumbers(): string | undefined {
  if (pidNamespaceOf('self') === FIRST_PID_NAMESPACE) return undefined;
  return 'this is a pid namespace, where processes have other numbers than eBPF programs see';
}
