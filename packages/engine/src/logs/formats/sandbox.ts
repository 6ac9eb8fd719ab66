import { type AbiName, findAbi } from '../../syscalls/arch.ts';
import { isKnownName } from '../../syscalls/lookup.ts';
import type { LogTally } from '../log-tally.ts';
import { eachLine, type LogFormat } from './log-format.ts';

/** What a line of a sandbox tells of a denied call. */
type Told =
  | { readonly kind: 'number'; readonly nr: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'audit-arch'; readonly arch: number; readonly nr: number }
  | { readonly kind: 'abi'; readonly abi: AbiName; readonly nr: number }
  /** A call was denied, and the line does not say which. */
  | { readonly kind: 'not-told' }
  /** A line that comes with another one about the same call: that one counts. */
  | { readonly kind: 'announced'; readonly name?: string; readonly nr?: number }
  /** Belongs to what the sandbox says, and tells of no call. */
  | { readonly kind: 'nothing' };

interface Message {
  readonly pattern: RegExp;
  told(...groups: string[]): Told;
}

const DENIED = { denied: true };
const number = (nr: string | number): Told => ({ kind: 'number', nr: Number(nr) });
const nameOrNumber = (word: string): Told =>
  /^(?:0x[0-9a-f]+|\d+)$/.test(word) ? number(word) : { kind: 'name', name: word };
const onArch = (arch: string, nr: string): Told =>
  Number(nr) < 0
    ? { kind: 'not-told' }
    : { kind: 'audit-arch', arch: Number.parseInt(arch, 16), nr: Number(nr) };
const onAbi = (names: Readonly<Record<string, string>>, word: string, nr: string): Told => {
  const abi = findAbi(names[word] ?? word);
  return abi ? { kind: 'abi', abi: abi.name, nr: Number(nr) } : { kind: 'not-told' };
};

/** What programs that confine themselves print when their own filter has denied a call. */
const MESSAGES: readonly Message[] = [
  // Chromium, sigsys_handlers.cc: four decimal digits, 0 for whatever has more; newer: hexadecimal.
  {
    pattern: /\*\*CRASHING\*\*:seccomp-bpf failure in syscall (\d{4})$/,
    told: (nr) => (nr === '0000' ? { kind: 'not-told' } : number(nr)),
  },
  {
    pattern: /(?:seccomp-bpf failure in syscall |\bcr_seccomp: )nr=0x([0-9a-f]{1,8})(?: arg1=|$)/,
    told: (nr) => number(Number.parseInt(nr, 16)),
  },
  // Numbers of MIPS o32, whose byte order nothing tells.
  {
    pattern: /seccomp-bpf failure in syscall (?:4000 \+ \d+|\(base 4000\) nr=)/,
    told: () => ({ kind: 'not-told' }),
  },
  { pattern: /seccomp-bpf failure in syscall $/, told: () => ({ kind: 'nothing' }) },
  {
    pattern: /\*\*CRASHING\*\*:(\(tg\)kill|\*sockopt|\w+)\(\) failure$/,
    told: (name) => ({ kind: 'announced', name }),
  },
  { pattern: /^(?:domain|level)=0x[0-9a-f]+ /, told: () => ({ kind: 'nothing' }) },
  // Firefox, SandboxReporter and what came before it.
  {
    pattern:
      /(?:Sandbox: |\]: |\): )seccomp sandbox violation: pid \d+, (?:tid \d+, )?syscall (\d{1,10}), +args \d+(?: \d+){5}\.(?: {2}Killing process\.)?$/,
    told: number,
  },
  // minijail. It once printed 31, the signal's number, for all calls without a name.
  {
    pattern: /libminijail\[\d+\]: blocked syscall: (\w+)$/,
    told: (word) => (word === '31' ? { kind: 'not-told' } : nameOrNumber(word)),
  },
  {
    pattern: /libminijail\[\d+\]: (?:allowing syscall: |.{0,200} had a policy violation )/,
    told: () => ({ kind: 'nothing' }),
  },
  // OpenSSH, h2o and others with the same text; dhcpcd.
  {
    pattern: /sandbox\w*violation: unexpected system call \(arch:0x([0-9a-f]{1,8}),syscall:(-?\d{1,10}) @ /,
    told: onArch,
  },
  {
    pattern: /seccomp_violation: unexpected syscall (\d{1,10}) \(arch=0x([0-9a-f]{1,8})\)/,
    told: (nr, arch) => onArch(arch, nr),
  },
  // tor.
  {
    pattern: /^\(Sandbox\) Caught a bad syscall attempt \(syscall (0x[0-9a-f]{1,8}|\w+)\)$/,
    told: (word) => (word === 'unknown' ? { kind: 'not-told' } : nameOrNumber(word)),
  },
  // Android: the death, then debuggerd's cause, which has the ABI.
  {
    pattern:
      /Cause: seccomp prevented call to disallowed (arm|arm64|x86|x86_64|riscv64) system call (\d{1,10})$/,
    told: (abi, nr) => onAbi({ arm64: 'aarch64' }, abi, nr),
  },
  {
    pattern: /Fatal signal 31 \(SIGSYS\), code 1 \(SYS_SECCOMP\), syscall (\d{1,10}) in tid /,
    told: (nr) => ({ kind: 'announced', nr: Number(nr) }),
  },
  {
    pattern: /Fatal signal 31 \(SIGSYS\), code 1 \(SYS_SECCOMP\) in tid /,
    told: () => ({ kind: 'not-told' }),
  },
  // Sandboxed API: the name of the program is its own choice, so the last description is the true one.
  {
    pattern:
      /SANDBOX VIOLATION : PID: \d+, PROG: '.*' : \[(X86-64|X86-32|Arm-64|Arm-32|PPC-64)\] \S+ \[(\d{1,10})\]\(/,
    told: (abi, nr) =>
      onAbi(
        { 'X86-64': 'x86_64', 'X86-32': 'x86', 'Arm-64': 'aarch64', 'Arm-32': 'arm', 'PPC-64': 'ppc64le' },
        abi,
        nr,
      ),
  },
  // nsjail. SiSyscall is a field of another signal, whatever it says.
  {
    pattern: /PID: \d+, Syscall number: (-?\d{1,10}), Arguments: /,
    told: (nr) => (Number(nr) < 0 ? { kind: 'not-told' } : number(nr)),
  },
  { pattern: /PID: \d+, SiSyscall: \d+, /, told: () => ({ kind: 'not-told' }) },
];

/**
 * What sandboxes of programs say: Chromium, Firefox, minijail, OpenSSH, tor, Android and others. Most tell a number on the
 * program's own ABI.
 */
export const sandbox: LogFormat = {
  id: 'sandbox',
  about: 'what sandboxes print of denied calls: Chromium, Firefox, minijail, OpenSSH, tor, nsjail, Android …',
  recognises: (line) => {
    const told = toldBy(line);
    return told !== undefined && told.kind !== 'nothing';
  },
  reader(tally) {
    let announced: (Told & { kind: 'announced' }) | undefined;
    const settle = () => {
      if (announced) count(tally, withoutAnother(announced));
      announced = undefined;
    };
    return {
      ...eachLine((line) => {
        const told = toldBy(line);
        if (!told || told.kind === 'nothing') return;
        if (told.kind === 'announced') {
          settle();
          announced = told;
          return;
        }
        if (!isSame(announced, told)) settle();
        announced = undefined;
        count(tally, told);
      }),
      end: settle,
    };
  },
};

function toldBy(line: string): Told | undefined {
  for (const { pattern, told } of MESSAGES) {
    const found = pattern.exec(line);
    if (found) return told(...found.slice(1));
  }
  return undefined;
}

/** An announcement by name comes before every message with a number; one by number before that of the same number. */
function isSame(announced: (Told & { kind: 'announced' }) | undefined, told: Told): boolean {
  if (!announced) return true;
  if (announced.nr === undefined) return told.kind === 'number';
  return 'nr' in told && told.nr === announced.nr;
}

function withoutAnother({ name, nr }: Told & { kind: 'announced' }): Told {
  if (nr !== undefined) return number(nr);
  return name !== undefined && isKnownName(name) ? { kind: 'name', name } : { kind: 'not-told' };
}

function count(tally: LogTally, told: Told): void {
  switch (told.kind) {
    case 'number':
      tally.number(told.nr, DENIED);
      break;
    case 'name':
      tally.name(told.name, DENIED);
      break;
    case 'audit-arch':
      tally.auditCall(told.arch, told.nr, DENIED);
      break;
    case 'abi':
      tally.call(told.abi, told.nr, DENIED);
      break;
    default:
      tally.unread();
  }
}
