import { closeSync } from 'node:fs';
import { libc, SyscallError } from '../libc.ts';
import { nativeNumber } from '../machine.ts';

/** linux/perf_event.h */
const PERF_TYPE_TRACEPOINT = 2;
const ATTR_SIZE = 64;
const FD_CLOEXEC = 8;
const IOC_ENABLE = 0x2400;
const IOC_SET_BPF = 0x4004_2408;
const ANY_CPU = -1;
const NO_GROUP = -1;

/**
 * Lets a BPF program run at a tracepoint for every task, as perf does it, until the descriptor that is returned is closed.
 * perf counts the tracepoint for this thread alone, and the program, by returning 0, keeps it from that.
 * @param event the tracepoint's number (events/…/id in tracefs)
 */
export function attachAsPerfEvent(program: number, event: number, what: string): number {
  const attr = Buffer.alloc(ATTR_SIZE);
  attr.writeUInt32LE(PERF_TYPE_TRACEPOINT, 0);
  attr.writeUInt32LE(ATTR_SIZE, 4);
  attr.writeBigUInt64LE(BigInt(event), 8);
  const self = 0;
  const fd = made(what, 'perf_event_open', attr, self, ANY_CPU, NO_GROUP, FD_CLOEXEC);
  try {
    made(what, 'ioctl', fd, IOC_SET_BPF, program);
    made(what, 'ioctl', fd, IOC_ENABLE, 0);
    return fd;
  } catch (fault) {
    closeSync(fd);
    throw fault;
  }
}

function made(what: string, call: string, ...args: readonly (number | Buffer)[]): number {
  const result = libc().syscall(nativeNumber(call), ...args);
  if (result < 0) throw new SyscallError(what, libc().errno());
  return result;
}
