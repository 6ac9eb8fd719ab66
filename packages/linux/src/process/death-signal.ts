import { closeSync } from 'node:fs';
import { libc } from '../libc.ts';
import { nativeNumber } from '../machine.ts';

/** _IOWR(0xff, 11, struct pidfd_info) (linux/pidfd.h). */
const PIDFD_GET_INFO = 0xc040ff0b;
const PIDFD_INFO_EXIT = 1n << 3n;
const INFO_BYTES = 64;
const EXIT_CODE = 60;

/** The signal that a child of this process has died of, also when Node has waited for it. Linux tells it since 6.15. */
export class DeathSignal {
  private readonly fd: number;

  /** @param pid is alive, or has not been waited for. */
  constructor(pid: number) {
    this.fd = libc().syscall(nativeNumber('pidfd_open'), pid);
  }

  /** Its number, once the child was waited for; 0 for a child that exited by itself, undefined where the kernel does not tell. */
  take(): number | undefined {
    if (this.fd < 0) return undefined;
    const info = new DataView(new ArrayBuffer(INFO_BYTES));
    info.setBigUint64(0, PIDFD_INFO_EXIT, true);
    const failed = libc().syscall(nativeNumber('ioctl'), this.fd, PIDFD_GET_INFO, info) !== 0;
    closeSync(this.fd);
    if (failed || (info.getBigUint64(0, true) & PIDFD_INFO_EXIT) === 0n) return undefined;
    return info.getInt32(EXIT_CODE, true) & 0x7f;
  }
}
