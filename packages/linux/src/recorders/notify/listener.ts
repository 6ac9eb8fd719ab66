import { closeSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Launched } from '../../launch/launch.ts';
import { libc, SyscallError } from '../../libc.ts';
import { nativeNumber } from '../../machine.ts';

/** The listener of a filter that a launched process has installed. */
export interface Listener {
  readonly fd: number;
  /** Settles as launched.go() does. */
  readonly running: Promise<void>;
}

/** Lets the launcher install its filter, and takes the listener from it. */
export async function listen(launched: Launched): Promise<Listener> {
  const running = launched.go();
  running.catch(() => {});
  const fds = `/proc/${launched.pid}/fd`;
  for (let patience = 5000; patience > 0; patience--) {
    const theirs = openFiles(fds).find((fd) => isListener(`${fds}/${fd}`));
    if (theirs !== undefined) return { fd: takeDescriptor(launched.pid, Number(theirs)), running };
    const over = await Promise.race([sleep(1), running.then(() => true)]);
    if (over) break;
  }
  await running;
  throw new Error('the filter has no listener');
}

function openFiles(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function takeDescriptor(pid: number, fd: number): number {
  const c = libc();
  const pidfd = c.syscall(nativeNumber('pidfd_open'), pid);
  if (pidfd < 0) throw new SyscallError('pidfd_open', c.errno());
  const mine = c.syscall(nativeNumber('pidfd_getfd'), pidfd, fd);
  const errno = c.errno();
  closeSync(pidfd);
  if (mine < 0) throw new SyscallError('pidfd_getfd', errno);
  return mine;
}

/** The listener is taken from the program's process; container runtimes forbid that. */
export function mayTakeDescriptors(): boolean {
  try {
    closeSync(takeDescriptor(process.pid, 2));
    return true;
  } catch {
    return false;
  }
}

function isListener(path: string): boolean {
  try {
    return readlinkSync(path) === 'anon_inode:seccomp notify';
  } catch {
    return false;
  }
}
