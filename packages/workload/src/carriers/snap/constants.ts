import { parseArgument } from '@callgate/engine/internal/syscalls/arguments';

/** Constants that templates use, beside those that the prototypes of calls name: linux/stat.h, linux/prctl.h, sys/ptrace.h. */
const OTHERS: Readonly<Record<string, number>> = {
  S_IFIFO: 0o010000,
  S_IFCHR: 0o020000,
  S_IFBLK: 0o060000,
  S_IFREG: 0o100000,
  S_IFSOCK: 0o140000,
  PR_CAP_AMBIENT_IS_SET: 1,
  PR_CAP_AMBIENT_RAISE: 2,
  PR_CAP_AMBIENT_LOWER: 3,
  PR_CAP_AMBIENT_CLEAR_ALL: 4,
  PR_SET_MM_START_CODE: 1,
  PR_SET_MM_END_CODE: 2,
  PR_SET_MM_START_DATA: 3,
  PR_SET_MM_END_DATA: 4,
  PR_SET_MM_START_STACK: 5,
  PR_SET_MM_START_BRK: 6,
  PR_SET_MM_BRK: 7,
  PR_SET_MM_ARG_START: 8,
  PR_SET_MM_ARG_END: 9,
  PR_SET_MM_ENV_START: 10,
  PR_SET_MM_ENV_END: 11,
  PR_SET_MM_AUXV: 12,
  PR_SET_MM_EXE_FILE: 13,
  PTRACE_PEEKUSER: 3,
  AF_CONN: 123,
  // As templates have them: without the kind of quota in the lowest bits.
  Q_SYNC: 0x800001,
  Q_QUOTAON: 0x800002,
  Q_QUOTAOFF: 0x800003,
  Q_GETFMT: 0x800004,
  Q_GETINFO: 0x800005,
  Q_SETINFO: 0x800006,
  Q_GETQUOTA: 0x800007,
  Q_SETQUOTA: 0x800008,
  Q_XQUOTAON: 0x5801,
  Q_XQUOTAOFF: 0x5802,
  Q_XGETQUOTA: 0x5803,
  Q_XSETQLIM: 0x5804,
  Q_XGETQSTAT: 0x5805,
  Q_XQUOTARM: 0x5806,
};

/** The number of a constant; PF_ is another beginning for AF_. */
export function constantNamed(name: string): bigint | undefined {
  const usual = name.replace(/^PF_/, 'AF_');
  return Object.hasOwn(OTHERS, usual) ? BigInt(OTHERS[usual]) : parseArgument(usual);
}
