import { closeSync, readFileSync } from 'node:fs';
import { libc, SyscallError } from '../libc.ts';
import { nativeNumber } from '../machine.ts';
import { type LoggedDenial, parseSeccompRecord } from './kernel-log.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC_NONBLOCK = 0o2004000;
const NETLINK_AUDIT = 9;
/** The multicast group of everybody who reads the log (linux/audit.h: AUDIT_NLGRP_READLOG). */
const READLOG = 1;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SO_MEMINFO = 55;
/** linux/sock_diag.h: the ninth word is the number of messages that found no room. */
const MEMINFO_LENGTH = 9 * 4;
const DROPS = 8 * 4;
const AUDIT_GET = 1000;
const AUDIT_SECCOMP = 1326;
const NLM_F_REQUEST = 1;
const HEADER = 16;
/** struct audit_status: the fourth word is the audit daemon's pid, the seventh the number of records that were lost. */
const DAEMON = HEADER + 3 * 4;
const LOST = HEADER + 6 * 4;
const ENOBUFS = 105;
const EAGAIN = 11;
const BUFFER = 64 * 1024 * 1024;
const LONGEST_RECORD = 64 * 1024;

/** What was not heard. Records of other programs and of other types may be among it: nobody saw them. */
interface Losses {
  readonly lost: number;
  /** Where the number is not the whole truth. */
  readonly notes: readonly string[];
}

/** Hears every audit record that the kernel makes, beside whoever else does, and without the kernel log's rate limit. */
export class AuditListener {
  private readonly fd: number;
  private readonly before: AuditStatus;
  private readonly buffer = Buffer.alloc(LONGEST_RECORD);
  private overruns = 0;

  /** Throws SyscallError without CAP_AUDIT_READ. */
  constructor(bufferBytes = BUFFER) {
    this.before = auditStatus();
    this.fd = openSocket(READLOG);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(bufferBytes);
    libc().syscall(nativeNumber('setsockopt'), this.fd, SOL_SOCKET, SO_RCVBUFFORCE, size, 4);
  }

  /** Waits until there is a record, or for so many milliseconds. */
  async wait(milliseconds: number): Promise<void> {
    await libc().poll(this.fd, milliseconds);
  }

  /** The SECCOMP records since the last call. */
  *records(): Iterable<LoggedDenial> {
    for (const text of this.texts()) {
      const record = parseSeccompRecord(text);
      if (record) yield record;
    }
  }

  /** The same as the kernel writes them, from "audit(" on; a byte a character. */
  *texts(): Iterable<string> {
    const { buffer } = this;
    for (;;) {
      const length = libc().syscall(nativeNumber('recvfrom'), this.fd, buffer, buffer.length, 0, 0, 0);
      if (length >= HEADER) {
        if (buffer.readUInt16LE(4) !== AUDIT_SECCOMP) continue;
        yield buffer.toString('latin1', HEADER, length).replace(/\0+$/, '');
        continue;
      }
      const errno = libc().errno();
      if (errno === EAGAIN || length === 0) return;
      if (errno !== ENOBUFS) throw new SyscallError('receiving audit records', errno);
      this.overruns++;
    }
  }

  /** What was lost since this began to listen. */
  losses(): Losses {
    const now = auditStatus();
    return sumOf([
      droppedLosses(dropsOf(this.fd), this.overruns),
      kernelLosses(Math.max(0, now.lost - this.before.lost), keepsRecords(this.before) || keepsRecords(now)),
    ]);
  }

  close(): void {
    closeSync(this.fd);
  }
}

function openSocket(groups: number): number {
  const c = libc();
  const fd = c.syscall(nativeNumber('socket'), AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC_NONBLOCK, NETLINK_AUDIT);
  if (fd < 0) throw new SyscallError('opening the audit socket', c.errno());
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(groups, 8);
  if (c.syscall(nativeNumber('bind'), fd, address, address.length) === 0) return fd;
  const errno = c.errno();
  closeSync(fd);
  throw new SyscallError('listening to audit records', errno);
}

function sumOf(losses: readonly Losses[]): Losses {
  return {
    lost: losses.reduce((sum, { lost }) => sum + lost, 0),
    notes: losses.flatMap(({ notes }) => notes),
  };
}

/** Messages that found no room in the socket; Linux before 4.12 tells only how often it was full. */
function droppedLosses(drops: number | undefined, overruns: number): Losses {
  if (drops !== undefined) return { lost: drops, notes: [] };
  if (overruns === 0) return { lost: 0, notes: [] };
  return { lost: overruns, notes: ['more was lost than is counted: this kernel does not tell how much'] };
}

/** Records that the kernel gave up. Of those that it keeps for a daemon, it sends them to everybody else before. */
function kernelLosses(lost: number, keepsThem: boolean): Losses {
  if (lost === 0 || !keepsThem) return { lost, notes: [] };
  const note = `the kernel lost ${lost} audit records; how many of them only the audit daemon missed, it does not tell`;
  return { lost: 0, notes: [note] };
}

/** Whether the kernel queues records that an audit daemon has not taken, and counts it as a loss when that queue is full. */
function keepsRecords({ daemon }: AuditStatus): boolean {
  return daemon !== 0 || /(^|\s)audit=(1|on)(\s|$)/.test(readFileSync('/proc/cmdline', 'latin1'));
}

/** The socket's count of messages that found no room; undefined when it does not tell. */
function dropsOf(fd: number): number | undefined {
  const info = Buffer.alloc(MEMINFO_LENGTH);
  const length = Buffer.alloc(4);
  new Uint32Array(length.buffer, length.byteOffset, 1)[0] = MEMINFO_LENGTH;
  if (libc().syscall(nativeNumber('getsockopt'), fd, SOL_SOCKET, SO_MEMINFO, info, length) !== 0)
    return undefined;
  const told = new Uint32Array(length.buffer, length.byteOffset, 1)[0];
  return told < MEMINFO_LENGTH ? undefined : new Uint32Array(info.buffer, info.byteOffset + DROPS, 1)[0];
}

interface AuditStatus {
  /** Records that the kernel lost since it started. */
  readonly lost: number;
  /** The audit daemon's pid; 0 for none. */
  readonly daemon: number;
}

/** What the kernel tells of its audit system; zeros when it does not. */
function auditStatus(): AuditStatus {
  const unknown = { lost: 0, daemon: 0 };
  const c = libc();
  let fd: number;
  try {
    fd = openSocket(0);
  } catch {
    return unknown;
  }
  try {
    const request = Buffer.alloc(HEADER);
    request.writeUInt32LE(HEADER, 0);
    request.writeUInt16LE(AUDIT_GET, 4);
    request.writeUInt16LE(NLM_F_REQUEST, 6);
    c.syscall(nativeNumber('sendto'), fd, request, request.length, 0, 0, 0);
    const reply = Buffer.alloc(256);
    c.pollNow(fd, 100);
    const length = c.syscall(nativeNumber('recvfrom'), fd, reply, reply.length, 0, 0, 0);
    if (length < LOST + 4 || reply.readUInt16LE(4) !== AUDIT_GET) return unknown;
    return { lost: reply.readUInt32LE(LOST), daemon: reply.readUInt32LE(DAEMON) };
  } finally {
    closeSync(fd);
  }
}
