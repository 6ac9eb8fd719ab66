import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** What the kernel has said of filters up to now, as text that the log readers understand. */
export interface PastRecords {
  /** Where it was read, such as /dev/kmsg. */
  readonly source: string;
  /** The records alone, a line each; latin1. */
  readonly text: string;
}

const AUDIT_LOG = '/var/log/audit/audit.log';
/** Of a file that may be long, its end. */
const TAIL = 8 * 1024 * 1024;
const MOST_MESSAGES = 1_000_000;

/** The records that the kernel still has in its log, and those that an audit daemon has written; empty where nobody may read them. */
export function pastRecords(): PastRecords[] {
  return [kernelMessages(), auditLog()].filter((found) => found !== undefined);
}

/** The kernel's log from its oldest message on. With an audit daemon nothing of filters stands there. */
function kernelMessages(): PastRecords | undefined {
  let fd: number;
  try {
    fd = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const lines: string[] = [];
    const buffer = Buffer.alloc(8192);
    for (let i = 0; i < MOST_MESSAGES; i++) {
      const message = nextMessage(fd, buffer);
      if (message === undefined) break;
      if (isRecord(message)) lines.push(message.trimEnd());
    }
    return { source: 'the kernel log', text: lines.join('\n') };
  } finally {
    closeSync(fd);
  }
}

function nextMessage(fd: number, buffer: Buffer): string | undefined {
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer));
  } catch (fault) {
    // EPIPE: older messages were overwritten meanwhile.
    return (fault as NodeJS.ErrnoException).code === 'EPIPE' ? '' : undefined;
  }
}

function auditLog(): PastRecords | undefined {
  let fd: number;
  try {
    fd = openSync(AUDIT_LOG, 'r');
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(fd);
    const buffer = Buffer.alloc(Math.min(size, TAIL));
    const length = readSync(fd, buffer, 0, buffer.length, size - buffer.length);
    const text = buffer.toString('latin1', 0, length).split('\n').filter(isRecord).join('\n');
    return { source: AUDIT_LOG, text };
  } finally {
    closeSync(fd);
  }
}

function isRecord(line: string): boolean {
  return line.includes('type=1326 ') || line.includes('type=SECCOMP ');
}
