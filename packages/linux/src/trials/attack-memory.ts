import { CONSTANTS_AT } from '../machine-code/steps.ts';

/** What a call of an attack points at; nothing there can be written to. */
const PIECES = {
  /** 128 bytes. */
  zeros: new Uint8Array(128),
  /** The path of the root folder. */
  root: Uint8Array.from([0x2f, 0]),
  /** struct timex that asks for an impossible tick (linux/timex.h: ADJ_TICK, which needs the right to set the clock). */
  timex: words([0x4000], 256),
  /** struct file_handle of 8 bytes, of a type that no file system uses. */
  handle: words([8, 0x7f], 16),
  /**
   * struct clone_args (linux/sched.h) with the flags of a new namespace and CLONE_PIDFD, whose pointer is bad: the kernel
   * takes the process back after it has asked for the rights.
   */
  cloneUser: words([0x10001000, 0, 1, 0, 0, 0, 0, 0, 17], 64),
  cloneMount: words([0x21000, 0, 1, 0, 0, 0, 0, 0, 17], 64),
  /** What socketcall(2) reads: family, type and protocol, in words of 32 bits. */
  cryptoSocket: words([38, 15, 0]),
  machineSocket: words([40, 15, 0]),
  packetSocket: words([17, 3, 0]),
  rawSocket: words([2, 3, 255]),
  filterSocket: words([16, 15, 12]),
  auditSocket: words([16, 3, 9]),
} as const satisfies Record<string, Uint8Array>;

export type AttackMemory = keyof typeof PIECES;

const ALIGNED = 16;
const starts = new Map<string, number>();
let size = 0;
for (const [name, piece] of Object.entries(PIECES)) {
  starts.set(name, size);
  size += Math.ceil(piece.length / ALIGNED) * ALIGNED;
}

/** The address of a piece in every program that makes the calls of attacks. */
export function addressInMemory(piece: AttackMemory): bigint {
  return BigInt(CONSTANTS_AT + starts.get(piece)!);
}

/** What such a program must have as its constants. */
export function attackMemory(): Uint8Array {
  const bytes = new Uint8Array(size);
  for (const [name, piece] of Object.entries(PIECES)) bytes.set(piece, starts.get(name));
  return bytes;
}

/** Words of 32 bits, little-endian, and zeros up to so many bytes. */
function words(values: readonly number[], bytes = 4 * values.length): Uint8Array {
  const view = new DataView(new ArrayBuffer(bytes));
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value, true);
  return new Uint8Array(view.buffer);
}
