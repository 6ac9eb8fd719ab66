import { closeSync } from 'node:fs';
import { type LoggedDenial, parseSeccompRecord } from './kernel-log.ts';
import { libc, SyscallError } from './libc.ts';
import { nativeNumber } from './machine.ts';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC_NONBLOCK = 0o2004000;
const NETLINK_AUDIT = 9;
/** The multicast group of everybody who reads the log (linux/audit.h: AUDIT_NLGRP_READLOG). */
const READLOG = 1;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const AUDIT_GET = 1000;
const AUDIT_SECCOMP = 1326;
const NLM_F_REQUEST = 1;
const HEADER = 16;
/** struct audit_status: the seventh word is the number of records that were lost. */
const LOST = HEADER + 6 * 4;
const ENOBUFS = 105;
const EAGAIN = 11;
const BUFFER = 64 * 1024 * 1024;

/** Hears every audit record that the kernel makes, beside whoever else does, and without the kernel log's rate limit. */
export class AuditListener {
  private readonly fd: number;
  private readonly lostBefore: number;
  private overruns = 0;

  /** Throws SyscallError without CAP_AUDIT_READ. */
  constructor() {
    this.lostBefore = auditLost();
    this.fd = openSocket(READLOG);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(BUFFER);
    libc().syscall(nativeNumber('setsockopt'), this.fd, SOL_SOCKET, SO_RCVBUFFORCE, size, 4);
  }

  /** The SECCOMP records since the last call. */
  *records(): Iterable<LoggedDenial> {
    const buffer = Buffer.alloc(64 * 1024);
    for (;;) {
      const length = libc().syscall(nativeNumber('recvfrom'), this.fd, buffer, buffer.length, 0, 0, 0);
      if (length >= HEADER) {
        if (buffer.readUInt16LE(4) !== AUDIT_SECCOMP) continue;
        const record = parseSeccompRecord(buffer.toString('latin1', HEADER, length).replace(/\0+$/, ''));
        if (record) yield record;
        continue;
      }
      const errno = libc().errno();
      if (errno === EAGAIN || length === 0) return;
      if (errno !== ENOBUFS) throw new SyscallError('receiving audit records', errno);
      this.overruns++;
    }
  }

  /** Records that were lost since this began to listen, as far as the kernel tells: at least so many. */
  lost(): number {
    return this.overruns + Math.max(0, auditLost() - this.lostBefore);
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

/** The kernel's own count of records that it lost; 0 when it does not tell. */
function auditLost(): number {
  const c = libc();
  let fd: number;
  try {
    fd = openSocket(0);
  } catch {
    return 0;
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
    return length >= LOST + 4 && reply.readUInt16LE(4) === AUDIT_GET ? reply.readUInt32LE(LOST) : 0;
  } finally {
    closeSync(fd);
  }
}
