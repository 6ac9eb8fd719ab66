import { closeSync, constants, openSync, readSync } from 'node:fs';
import { type AbiName, abiOfCall } from '@callgate/engine/internal/syscalls/arch';

/** One denial that the kernel wrote down: audit record type 1326 (kernel/auditsc.c: audit_seccomp). */
export interface LoggedDenial {
  readonly pid: number;
  /** The audit session that the process is in; undefined for none. */
  readonly session?: number;
  readonly command: string;
  readonly arch: AbiName;
  readonly nr: number;
  /** The SECCOMP_RET_* action, without data. */
  readonly code: number;
}

/** What the kernel log gains while a program runs. Needs the right to read /dev/kmsg. */
export class KernelLog {
  private readonly fd: number;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** Starts at the log's present end; undefined when this user may not read it. */
  static open(): KernelLog | undefined {
    try {
      const log = new KernelLog(openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK));
      for (const _ of log.records());
      return log;
    } catch {
      return undefined;
    }
  }

  /** The denials since it was opened, or since the last call. The kernel may leave some out when there are many. */
  denials(): LoggedDenial[] {
    return [...this.records()].flatMap((record) => parseKernelRecord(record) ?? []);
  }

  close(): void {
    closeSync(this.fd);
  }

  private *records(): Iterable<string> {
    const record = Buffer.alloc(8192);
    for (;;) {
      try {
        yield record.toString('latin1', 0, readSync(this.fd, record));
      } catch (fault) {
        const { code } = fault as NodeJS.ErrnoException;
        if (code === 'EAGAIN') return;
        // EPIPE: older records were overwritten meanwhile.
        if (code !== 'EPIPE') throw fault;
      }
    }
  }
}

function parseKernelRecord(record: string): LoggedDenial | undefined {
  return record.includes('audit: type=1326 ') ? parseSeccompRecord(record) : undefined;
}

/** Reads one SECCOMP record, wherever it was written down; what the process chose (comm, exe) stands before the rest. */
export function parseSeccompRecord(record: string): LoggedDenial | undefined {
  const fields =
    / pid=(\d+) comm=("[^"]*"|[0-9A-F]+) .* arch=([0-9a-f]+) syscall=(\d+) .* code=0x([0-9a-f]+)\s*$/m.exec(
      record,
    );
  if (!fields) return undefined;
  const [, pid, comm, arch, nr, code] = fields;
  const abi = abiOfCall(Number.parseInt(arch, 16), Number(nr));
  if (!abi) return undefined;
  const command = comm.startsWith('"') ? comm.slice(1, -1) : Buffer.from(comm, 'hex').toString('latin1');
  const session = Number(/^[^"]* ses=(\d+) /.exec(record)?.[1] ?? NO_SESSION);
  return {
    pid: Number(pid),
    ...(session !== NO_SESSION && { session }),
    command,
    arch: abi.name,
    nr: Number(nr),
    code: Number.parseInt(code, 16),
  };
}

/** What the kernel writes for processes of nobody who has logged in. */
const NO_SESSION = 0xffff_ffff;
