/**
 * Asks the kernel about programs without living under them. Reads programs from stdin, each a 32-bit little-endian
 * count and that many struct sock_filter; writes one character a program: 1 when the kernel takes it, 0 when it refuses.
 *
 * `probe` installs a listener first. A process can have one listener only, and the kernel looks for a second one after
 * it has verified and prepared the program (kernel/seccomp.c: seccomp_set_mode_filter), so a good program ends in
 * EBUSY, a bad one in EINVAL, and nothing is attached. `attach` installs every program, for as many as one process can
 * bear; they must let every call pass.
 */
import { buffer } from 'node:stream/consumers';
import { ALLOW_WORD } from '@callgate/engine/internal/bpf/action';
import { encodeProgram } from '@callgate/engine/internal/bpf/encode';
import { instruction } from '@callgate/engine/internal/bpf/instruction';
import * as op from '@callgate/engine/internal/bpf/opcodes';
import { FLAG_NEW_LISTENER } from '@callgate/engine/internal/runtime/filter-flags';
import { libc, SyscallError } from '@callgate/linux/internal/libc';
import { nativeNumber, thisMachine } from '@callgate/linux/internal/machine';

const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;
const EBUSY = 16;
const EINVAL = 22;
/** ENOMEM, and ENOTSUPP of a kernel without room for more JIT code: freed programs go in the background, so wait. */
const PASSING: readonly number[] = [12, 524];
const TRIES = 50;
const PAUSE_MS = 20;
const INSTRUCTION_SIZE = 8;

const SECCOMP = nativeNumber('seccomp');
const fprog = Buffer.alloc(16);
const fprogLength = new Uint16Array(fprog.buffer, fprog.byteOffset, 1);
const fprogFilter = new BigUint64Array(fprog.buffer, fprog.byteOffset + 8, 1);

/** seccomp(2): 0, or the errno. A listener's descriptor stays open. */
function install(count: number, address: bigint, flags: number): number {
  fprogLength[0] = count;
  fprogFilter[0] = address;
  return libc().syscall(SECCOMP, SECCOMP_SET_MODE_FILTER, flags, fprog) >= 0 ? 0 : libc().errno();
}

function patiently(attempt: () => number): number {
  let errno = attempt();
  for (let i = 1; i < TRIES && PASSING.includes(errno); i++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    errno = attempt();
  }
  return errno;
}

function installListener(): void {
  const allow = encodeProgram([instruction(op.RET_K, ALLOW_WORD)], thisMachine().abi.endian);
  const errno = install(1, libc().address(allow), FLAG_NEW_LISTENER);
  // EBUSY: whoever started this process listens to it already, which serves as well.
  if (errno !== 0 && errno !== EBUSY) throw new SyscallError('seccomp with a listener', errno);
}

function answers(input: Buffer, flags: number, taken: number): string {
  const start = libc().address(input);
  let text = '';
  for (let at = 0, i = 0; at < input.length; i++) {
    const count = input.readUInt32LE(at);
    const filter = start + BigInt(at + 4);
    const errno = patiently(() => install(count, filter, flags));
    if (errno !== taken && errno !== EINVAL)
      throw new SyscallError(`seccomp with program ${i} of ${count} instructions`, errno);
    text += errno === taken ? '1' : '0';
    at += 4 + count * INSTRUCTION_SIZE;
  }
  return text;
}

const input = await buffer(process.stdin);
const status = libc().syscall(nativeNumber('prctl'), PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
if (status !== 0) throw new SyscallError('prctl', libc().errno());
if (process.argv[2] === 'probe') {
  installListener();
  process.stdout.write(answers(input, FLAG_NEW_LISTENER, EBUSY));
} else process.stdout.write(answers(input, 0, 0));
