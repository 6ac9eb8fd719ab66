/** strace tells on which ABI a process goes on, when that is not its own. */
export const NOTICE = /^(?:\[pid +\d+\] |strace: )?\[ Process PID=(\d+) runs in (\S+(?: bit)?) mode\. \]$/;

const CALL =
  /^\s*(?:\[pid\s+\d+(?:<.{0,16}>)?\] |\d+(?:<.{0,16}>)?\s+)?(?:[\d:.]+\s+|\(\+\s*[\d.]+\)\s+)*(?:\[[\s\da-f?]+\]\s+)*(?:[a-z_]\w*(?:#64)?\(|<\.\.\. \w+ resumed>)/;

/** A signal by which the kernel tells a process that a filter has denied a call: SECCOMP_RET_TRAP. */
const SIGSYS =
  /^--- SIGSYS \{si_signo=(?:SIGSYS|31)\b.*?si_code=(?:SYS_SECCOMP|0x1 \/\* SYS_SECCOMP \*\/|0x1|1)(?:, si_errno=[^,]+)?, si_call_addr=(?:0x[0-9a-f]+|NULL), si_syscall=(?:__NR_(\w+)|(\d+)(?: \/\* __NR_(\w+) \*\/)?), si_arch=(?:AUDIT_ARCH_(\w+)|(0x[0-9a-f]+)(?: \/\* AUDIT_ARCH_\w+ \*\/)?|(\d+))\} ---$/;

/** What a signal tells of a denied call: its name or number, and its ABI by name or as seccomp_data.arch. */
export interface DenialSignal {
  readonly name?: string;
  readonly nr?: number;
  readonly arch: string | number;
}

/** The denied call of a line; undefined for other lines, and for SIGSYS that somebody sent. */
export function denialSignal(line: string): DenialSignal | undefined {
  const found = SIGSYS.exec(line);
  if (!found) return undefined;
  const [, symbol, nr, comment, arch, hex, decimal] = found;
  const name = symbol ?? comment;
  return {
    ...(name !== undefined && { name }),
    ...(nr !== undefined && { nr: Number(nr) }),
    arch: arch ?? Number(hex ?? decimal),
  };
}

/** Whether a process died of SIGSYS. */
export function diedOfSigsys(line: string): boolean {
  return line.startsWith('+++ killed by SIGSYS');
}

/** What stands behind a call's "=": "?", or a number; undefined where there is none. */
export function resultOf(call: string): number | '?' | undefined {
  const found = /\) += (\?|-?\d+|0x[0-9a-f]+)(?:[ <]|$)/.exec(call.slice(call.lastIndexOf(') ')));
  if (!found) return undefined;
  return found[1] === '?' ? '?' : Number(found[1]);
}

/** Whether a line is a call as strace prints it, with whatever flags. */
export function isStraceCall(line: string): boolean {
  return CALL.test(line.slice(0, 200)) && /\) += |<unfinished \.\.\.>$| resumed>/.test(line);
}
