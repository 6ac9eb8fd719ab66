import { createRequire } from 'node:module';
import { getSystemErrorMap } from 'node:util';
import type koffiModule from 'koffi';

/** System calls through libc's syscall(2), and the errno that they leave. */
export interface Libc {
  /** The call's result; -1 with `errno()` set when it failed. Pointers are buffers, which must stay alive. */
  syscall(nr: number, ...args: readonly (number | bigint | ArrayBufferView)[]): number;
  errno(): number;
  /** The address of a buffer's first byte. */
  address(buffer: ArrayBufferView): bigint;
  /** So many bytes of this process's memory, which must stay mapped. */
  memory(at: number, bytes: number): ArrayBuffer;
  /** poll(2) on one descriptor, in a thread of its own; resolves to revents, 0 after the time. */
  poll(fd: number, milliseconds: number): Promise<number>;
  /** poll(2) here and now. */
  pollNow(fd: number, milliseconds: number): number;
}

/** poll(2)'s events (asm-generic/poll.h). */
export const POLLIN = 1;
export const POLLHUP = 16;

let loaded: Libc | undefined;

/** libc of this process. koffi is loaded at the first use, because loading it takes longer than most commands. */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  const koffi: typeof koffiModule = createRequire(import.meta.url)('koffi');
  const library = koffi.load(null);
  const long = 'uintptr_t';
  const syscall = library.func('syscall', 'long', ['long', long, long, long, long, long, long]);
  const poll = library.func('poll', 'int', ['void *', 'unsigned long', 'int']);
  const pollArguments = (fd: number) => {
    const set = Buffer.alloc(8);
    set.writeInt32LE(fd, 0);
    new Int16Array(set.buffer, set.byteOffset, 4)[2] = POLLIN;
    return set;
  };
  const revents = (set: Buffer) => new Int16Array(set.buffer, set.byteOffset, 4)[3];
  const value = (argument: number | bigint | ArrayBufferView) =>
    typeof argument === 'object' ? koffi.address(argument) : argument;
  return {
    syscall: (nr, ...args) => {
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args;
      return Number(syscall(nr, value(a), value(b), value(c), value(d), value(e), value(f)));
    },
    errno: () => koffi.errno(),
    address: (buffer) => BigInt(koffi.address(buffer)),
    memory: (at, bytes) => koffi.view(BigInt(at), bytes),
    poll: (fd, milliseconds) =>
      new Promise((resolve, reject) => {
        const set = pollArguments(fd);
        poll.async(set, 1, milliseconds, (fault: Error | null, ready: number) =>
          fault ? reject(fault) : resolve(ready > 0 ? revents(set) : 0),
        );
      }),
    pollNow: (fd, milliseconds) => {
      const set = pollArguments(fd);
      return poll(set, 1, milliseconds) > 0 ? revents(set) : 0;
    },
  };
}

/** A system call failed. */
export class SyscallError extends Error {
  readonly errno: number;
  constructor(what: string, errno: number) {
    super(`${what}: ${errnoWords(errno)}`);
    this.errno = errno;
  }
}

/** Such as "operation not permitted (EPERM)". */
export function errnoWords(errno: number): string {
  const [name, words] = getSystemErrorMap().get(-errno) ?? [];
  return name ? `${words} (${name})` : `errno ${errno}`;
}
