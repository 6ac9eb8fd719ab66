import type { AbiName } from './arch.ts';

/**
 * The calls that some ABIs also reach through socketcall(2) and ipc(2): their sub-call number is argument 0.
 * Sources: linux/net.h (SYS_SOCKET …), linux/ipc.h (SEMOP …), man socketcall(2), ipc(2).
 */
export interface Multiplexed {
  readonly through: 'socketcall' | 'ipc';
  readonly subcall: number;
}

const SOCKETCALLS = [
  'socket',
  'bind',
  'connect',
  'listen',
  'accept',
  'getsockname',
  'getpeername',
  'socketpair',
  'send',
  'recv',
  'sendto',
  'recvfrom',
  'shutdown',
  'setsockopt',
  'getsockopt',
  'sendmsg',
  'recvmsg',
  'accept4',
  'recvmmsg',
  'sendmmsg',
];

const IPC_CALLS: Readonly<Record<string, number>> = {
  semop: 1,
  semget: 2,
  semctl: 3,
  semtimedop: 4,
  msgsnd: 11,
  msgrcv: 12,
  msgget: 13,
  msgctl: 14,
  shmat: 21,
  shmdt: 22,
  shmget: 23,
  shmctl: 24,
};

const MULTIPLEXED = new Map<string, Multiplexed>([
  ...SOCKETCALLS.map((name, i): [string, Multiplexed] => [name, { through: 'socketcall', subcall: i + 1 }]),
  ...Object.entries(IPC_CALLS).map(([name, subcall]): [string, Multiplexed] => [
    name,
    { through: 'ipc', subcall },
  ]),
]);

/** How an ABI with multiplexers reaches the call of that name, if it can. */
export function multiplexed(name: string): Multiplexed | undefined {
  return MULTIPLEXED.get(name);
}

/**
 * The bits of argument 0 that tell the sub-call: socketcall takes an int, and above the number of ipc stands a version, but for s390,
 * which refuses one (ipc/syscall.c, arch/s390/kernel/syscall.c).
 */
export function subcallMask(abi: AbiName, through: Multiplexed['through']): bigint {
  return through === 'ipc' && !abi.startsWith('s390') ? 0xffffn : 0xffff_ffffn;
}
