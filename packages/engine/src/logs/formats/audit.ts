import { type ActionKind, actionOfWord } from '../../bpf/action.ts';
import { type AbiName, abiOf, findAbi } from '../../syscalls/arch.ts';
import { numberOf } from '../../syscalls/lookup.ts';
import { type CallDetail, copyOf, type LogTally, type RecordDetail } from '../log-tally.ts';
import { AuditEndings, type CountedRecord } from './audit-endings.ts';
import { AuditEvents, type RecordSource } from './audit-events.ts';
import { hexadecimal, type LogFormat, shorten } from './log-format.ts';

/** Months are written in the language of the machine, a byte a character: "Mär", "févr.", " 3月", "de març". */
const MONTH = String.raw` ?(?:[^\s\[\]:]{1,48} {1,2}){1,3}`;
/** The time and host that syslog and journalctl put before a message, in all their styles. */
const SYSLOG = String.raw`(?:${MONTH}\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)? \S+ |\d{4}-\d\d-\d\dT\S+ \S+ |\[ *[\d.]+\] \S+ |\S{3} \d{4}-\d\d-\d\d [\d:]{8} \S+ \S+ )`;
const RFC5424 = String.raw`<[0-7]>1 \S+ \S+ kernel \S+ \S+ \S+ `;
/** Before the kernel's own messages: a priority or facility (dmesg -r, -x, /dev/kmsg), and the time, if any. */
const KERNEL = String.raw`(?:<[0-7]>|kern  ?:\w+ *: |[0-7],\d+,\d+,[^;]*;)?(?:\[[^\]]*\] |\d+\.\d+ |\d{4}-\d\d-\d\dT\S+ )?`;
/** Only these may begin what the kernel says; the same text behind the name of an application is that application's. */
const FROM_KERNEL = `^(?:${RFC5424}|(?:${SYSLOG}kernel: )?${KERNEL})`;

const SYSLOG_LINE = new RegExp(`^${SYSLOG}kernel: `);

/** Kernels before 3.16 wrote no "audit: ". */
const KERNEL_RECORD = new RegExp(String.raw`${FROM_KERNEL}(?:audit: )?type=(\d+) audit\(([^)]*)\) ?: ?`);
const AUDITD_RECORD = /^(?:node=\S+ )?type=(\S+) (?:msg=)?audit\(([^)]*)\) ?: ?/;
const JOURNAL_RECORD = new RegExp(
  String.raw`^${SYSLOG}audit(?:\[\d+\])?: (SECCOMP|SYSCALL|ANOM_ABEND) (?:audit\(([^)]*)\)[ :]*)?`,
);

/** The end of a SECCOMP record is the kernel's; what stands before may be chosen by the process (comm, exe). */
const SECCOMP_END =
  /^ sig=\S+(?: arch=(\w+))? syscall=([\w-]+?)(?:\((\d{1,10})\))? compat=\d ip=\S+ code=(\w+(?:-\w+)*)(?: [A-Z]+=\S+)*\s*$/;
/** How Linux 3.2 to 3.7 wrote what later is a SECCOMP record: without the ABI. */
const OLD_SECCOMP =
  /reason="seccomp" sig=\d+ syscall=(\d{1,10})(?: compat=\d ip=\S+ code=(0x[0-9a-f]+))?\s*$/;
/** The end of a record of a process that died. */
const DIED_OF_SIGSYS = /^(?:.* )?pid=(\d+) .* sig=(?:31|SIGSYS)(?: res=\S+)?\s*$/;
/** The beginning of a SYSCALL record is the kernel's. */
const SYSCALL_START =
  /^arch=(\w+) syscall=([\w-]+?)(?:\((\d{1,10})\))?(?: per=\S+)?(?: success=\S+ exit=.+?)?(?: a0=(\S+) a1=(\S+) a2=(\S+) a3=(\S+))?(?= \w+=)/;

const LOST = [
  new RegExp(
    String.raw`${FROM_KERNEL}(?:kauditd_printk_skb|audit_printk_skb|audit): (\d{1,15}) callbacks suppressed`,
  ),
  new RegExp(
    String.raw`^${SYSLOG}(?:imjournal|imuxsock|rsyslogd)\S*: (?:.{0,80}: )?(\d{1,15}) messages lost due to rate-limiting`,
  ),
  new RegExp(String.raw`^${SYSLOG}systemd-journald\S*: (?:.{0,100}: )?[Ss]uppressed (\d{1,15}) messages`),
];
/** A running total, not an increment. */
const LOST_SO_FAR = new RegExp(String.raw`${FROM_KERNEL}audit: audit_lost=(\d{1,15}) `);
/** /dev/kmsg puts properties of a message on lines of their own. */
const CONTINUATION = /^ \w+=/;
const TIME_SINCE_BOOT = /^\[ *\d+\.\d+\]/;
/** Bytes that no log of text holds. */
const NO_TEXT = /[\x00-\x08\x0e-\x1a]/;

/** SECCOMP_RET_* and ausearch's names: whether the call was made, perhaps after asking somebody. */
const CODES: Readonly<Record<string, boolean>> = {
  '0x7fff0000': true,
  '0x7ffc0000': true,
  '0x7ff00000': true,
  '0x7fc00000': true,
  '0x50000': false,
  '0x30000': false,
  '0x0': false,
  '0x80000000': false,
  allow: true,
  log: true,
  trace: true,
  notify: true,
  'user-notif': true,
  user_notif: true,
  'user-notify': true,
  errno: false,
  trap: false,
  kill: false,
  'kill-thread': false,
  kill_thread: false,
  'kill-process': false,
  kill_process: false,
};
/** A bare "kill" is not among them: old tools write it for both. */
const NAMED_ACTIONS: Readonly<Record<string, ActionKind>> = {
  allow: 'ALLOW',
  log: 'LOG',
  trace: 'TRACE',
  notify: 'NOTIFY',
  'user-notif': 'NOTIFY',
  'user-notify': 'NOTIFY',
  errno: 'ERRNO',
  trap: 'TRAP',
  'kill-thread': 'KILL_THREAD',
  'kill-process': 'KILL_PROCESS',
};
/** Of a path that a record names. */
const LONGEST_EXE = 512;
/** The data of these actions stands in the low bits; other actions have none. */
const WITH_DATA = /^(0x(?:3|5|7ff))[0-9a-f]{4}$/;
/** Where libaudit's tables have other names than the kernel's. */
const LIBAUDIT_NAMES: Readonly<Record<string, string>> = {
  pread: 'pread64',
  pwrite: 'pwrite64',
  sys_kexec_load: 'kexec_load',
  sched_rr_get_interval64: 'sched_rr_get_interval_time64',
  getdents: 'getdents64',
  newfstat: 'fstat',
};
const BRACKET = 91;
/** What the kernel writes for a call that a tracer has skipped. */
const NO_NUMBER = 0xffffffff;

/** Reads records of the audit subsystem, whoever wrote them down. */
export class AuditRecords {
  readonly events: AuditEvents;
  private readonly tally: LogTally;
  private lostSoFar = 0;
  /** When the kernel last said something that is no audit record. */
  private otherStamp: string | undefined;

  constructor(tally: LogTally) {
    this.tally = tally;
    this.events = new AuditEvents(tally);
  }

  /** One line. What a SECCOMP record told, if it is one. */
  line(whole: string): CountedRecord | undefined {
    // auditd's enriched format adds names behind a group separator; they are often wrong.
    const separator = whole.indexOf('\u001d');
    const line = separator < 0 ? whole : whole.slice(0, separator);
    const head = recordHead(line);
    if (!head) {
      this.noRecord(line);
      return undefined;
    }
    const { start, type, time } = head;
    if (this.mistrusts(line, 0)) {
      this.tally.unread();
      return undefined;
    }
    const body = line.slice(start);
    if (type === '1326' || type === 'SECCOMP') {
      if (this.events.isRepetition(sourceOf(line), line, time, body)) return undefined;
      return this.seccomp(body, time);
    }
    if (type === '1701' || type === 'ANOM_ABEND') return this.death(body, time);
    if (type === '1300' || type === 'SYSCALL') this.syscall(body, time);
    return undefined;
  }

  /**
   * Whether the line at `from` has the time of a message of the kernel's that is no audit record: a program whose file name
   * holds a line end can put lines into such a text.
   */
  mistrusts(text: string, from: number): boolean {
    return this.otherStamp !== undefined && text.startsWith(this.otherStamp, from);
  }

  seccomp(body: string, time: string | undefined): CountedRecord | undefined {
    const end = seccompEnd(body);
    if (end) return this.decided(end.arch, end.nr, end.code, body, time);
    this.tally.unread();
    return undefined;
  }

  /** The end of a process, which was also the record of a filter's decision before Linux 3.8. */
  death(body: string, time: string | undefined): undefined {
    const old = OLD_SECCOMP.exec(body);
    if (old) this.decided(undefined, old[1], old[2] ?? '0x0', body, time);
    else {
      const died = DIED_OF_SIGSYS.exec(body);
      if (died) this.events.died(died[1]);
    }
  }

  /** A SECCOMP record by its fields: arch may be missing. */
  decided(
    arch: string | undefined,
    nr: string,
    code: string,
    body: string,
    time: string | undefined,
  ): CountedRecord | undefined {
    const executed = isExecuted(code);
    if (executed === undefined) {
      this.tally.unread();
      return undefined;
    }
    const detail = {
      denied: !executed,
      process: () => processOf(body),
      time: () => time,
      record: () => recordOf(code, body),
    };
    const entry = this.count(arch, nr, detail);
    return entry && { entry, denied: !executed };
  }

  syscall(body: string, time: string | undefined): void {
    const start = SYSCALL_START.exec(body);
    if (!start) {
      this.tally.unread();
      return;
    }
    const [, arch, name, nr, ...args] = start;
    const entry = this.count(arch, nr ?? name, { process: () => processOf(body), time: () => time });
    if (this.tally.wantsArguments && args[0] !== undefined)
      this.tally.arguments(entry, args.map(hexadecimal));
  }

  private count(arch: string | undefined, nr: string, detail: CallDetail) {
    const number = /^\d{1,10}$/.test(nr) && Number(nr) < NO_NUMBER ? Number(nr) : undefined;
    if (arch === undefined && number !== undefined) return this.tally.number(number, detail);
    if (/^[0-9a-f]{1,8}$/.test(arch ?? '') && number !== undefined)
      return this.tally.auditCall(Number.parseInt(arch!, 16), number, detail);
    const abi = interpretedArch(arch ?? '');
    if (abi && number !== undefined) return this.tally.auditCall(abiOf(abi).auditArch, number, detail);
    if (abi && /^[a-z_]\w*$/.test(nr)) return this.tally.named(abi, kernelName(abi, nr), detail);
    this.tally.unread();
    return undefined;
  }

  private noRecord(line: string): void {
    this.otherStamp = TIME_SINCE_BOOT.exec(line)?.[0];
    const lost = recordsLost(line);
    if (lost !== undefined) {
      this.tally.lost(lost);
      return;
    }
    const total = LOST_SO_FAR.exec(line);
    if (total) {
      this.tally.lost(Number(total[1]) - this.lostSoFar);
      this.lostSoFar = Math.max(this.lostSoFar, Number(total[1]));
    } else if (!CONTINUATION.test(line) && (looksLikeRecord(line) || NO_TEXT.test(line))) this.tally.unread();
  }
}

/** How a line begins that is an audit record of the kernel's, whoever wrote it down; undefined for any other. */
export function recordHead(
  line: string,
): { readonly start: number; readonly type: string; readonly time?: string } | undefined {
  const head = AUDITD_RECORD.exec(line) ?? KERNEL_RECORD.exec(line) ?? JOURNAL_RECORD.exec(line);
  return head ? { start: head[0].length, type: head[1], time: head[2] } : undefined;
}

/** How many records a line says were left out before it; undefined when it says nothing of that kind. */
export function recordsLost(line: string): number | undefined {
  for (const pattern of LOST) {
    const lost = pattern.exec(line);
    if (lost) return Number(lost[1]);
  }
  return undefined;
}

/** A SECCOMP record's fields of which the process has no say: how they end the record. */
export function seccompEnd(
  body: string,
): { readonly arch?: string; readonly nr: string; readonly code: string } | undefined {
  const end = SECCOMP_END.exec(body.slice(body.lastIndexOf(' sig=')));
  return end ? { arch: end[1], nr: end[3] ?? end[2], code: end[4] } : undefined;
}

function sourceOf(line: string): RecordSource {
  if (/^(?:node=|type=\S+ (?:msg=)?audit)/.test(line)) return 'auditd';
  if (JOURNAL_RECORD.test(line)) return 'journal';
  return SYSLOG_LINE.test(line) ? 'syslog' : 'dmesg';
}

/** Undefined for a code that does not exist, such as one whose end is missing. */
export function isExecuted(code: string): boolean | undefined {
  const name = code.toLowerCase().replace(WITH_DATA, '$10000');
  return Object.hasOwn(CODES, name) ? CODES[name] : undefined;
}

/** What the body of a SECCOMP record says of the process; what the process chose (comm, exe) stands in the middle. */
function recordOf(code: string, body: string): RecordDetail {
  const pid = /(?:^| )pid=(\d{1,10}) comm=/.exec(body)?.[1];
  const end = body.lastIndexOf(' sig=');
  const exe = / exe=(?:"([^"]*)"|((?:[0-9A-F]{2})+))$/.exec(body.slice(Math.max(0, end - LONGEST_EXE), end));
  const ip = / ip=0x([0-9a-f]{1,16}) code=/.exec(body.slice(Math.max(0, end)))?.[1];
  const action = actionOfCode(code);
  return {
    ...(action && { action }),
    ...(pid !== undefined && { pid: Number(pid) }),
    ...(exe && { exe: copyOf(exe[1] ?? fromHex(exe[2]), LONGEST_EXE) }),
    ...(ip !== undefined && { ip: BigInt(`0x${ip}`) }),
  };
}

/** The action that a record's code is, as a number or as ausearch names it. */
function actionOfCode(code: string): ActionKind | undefined {
  const name = code.toLowerCase().replaceAll('_', '-');
  if (name.startsWith('0x')) return actionOfWord(Number.parseInt(name, 16)).kind;
  return Object.hasOwn(NAMED_ACTIONS, name) ? NAMED_ACTIONS[name] : undefined;
}

function kernelName(abi: AbiName, name: string): string {
  const other = Object.hasOwn(LIBAUDIT_NAMES, name) ? LIBAUDIT_NAMES[name] : undefined;
  return other !== undefined && numberOf(abi, name) === undefined ? other : name;
}

/** The names that ausearch -i gives architectures. */
export function interpretedArch(name: string): AbiName | undefined {
  if (/^i[3-6]86$/.test(name)) return 'x86';
  return findAbi(name)?.name;
}

/** comm is hexadecimal when it holds spaces, quotes or control characters. */
export function processOf(body: string): string | undefined {
  const comm = /(?:^| )comm=(?:"([^"]*)"|([0-9A-F]{2,64})(?= )|(\S+))/.exec(body);
  if (!comm) return undefined;
  const [, quoted, hex, bare] = comm;
  return quoted ?? (hex === undefined || hex.length % 2 === 1 ? (bare ?? hex) : fromHex(hex));
}

function fromHex(hex: string): string {
  return hex.replace(/../g, (byte) => String.fromCharCode(Number.parseInt(byte, 16)));
}

/** The kernel's audit records in any log of text. */
export const audit: LogFormat = {
  id: 'audit',
  about: "the kernel's audit records: dmesg, /dev/kmsg, syslog, journalctl, auditd, ausearch",
  recognises: (line) => AUDITD_RECORD.test(line) || KERNEL_RECORD.test(line) || JOURNAL_RECORD.test(line),
  reader(tally) {
    const records = new AuditRecords(tally);
    const endings = new AuditEndings(tally);
    return {
      line(text, from, to) {
        const { events } = records;
        const source = text.charCodeAt(from) === BRACKET ? 'dmesg' : 'auditd';
        const mayBeKnown = !tally.isHeard && events.isOnly(source) && !records.mistrusts(text, from);
        if (mayBeKnown && endings.seenAgain(text, from, to)) {
          events.passed(source, text, from);
          return;
        }
        const told = records.line(shorten(text.slice(from, to)));
        if (told && mayBeKnown) endings.remember(told);
      },
      end: () => records.events.end(),
    };
  },
};

/** Whether a text looks like an audit record; from anybody but the kernel it is not one. */
export function looksLikeRecord(text: string): boolean {
  return /type=(?:1326|1300|SYSCALL)\b/.test(text) || (/\bSECCOMP\b/.test(text) && /\bsyscall=/.test(text));
}
