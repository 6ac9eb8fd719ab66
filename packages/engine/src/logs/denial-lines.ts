import { type ActionKind, actionOfWord } from '../bpf/action.ts';
import { type AbiName, abiOfCall, findAbi } from '../syscalls/arch.ts';
import { numberOf } from '../syscalls/lookup.ts';
import {
  interpretedArch,
  isExecuted,
  processOf,
  recordHead,
  recordsLost,
  seccompEnd,
} from './formats/audit.ts';
import { asText, parseObject, shorten, withoutColours } from './formats/log-format.ts';
import { SerialNumbers } from './serial-numbers.ts';

/** One record of a denied or logged call. */
export interface DenialRecord {
  readonly arch: AbiName;
  readonly nr: number;
  readonly action: ActionKind;
  /** Milliseconds since 1970; undefined where the line does not tell, or tells in a language. */
  readonly time?: number;
  /** A byte a character. */
  readonly comm?: string;
  readonly pid?: number;
}

/** What a log did not say of records that were made. */
export interface MissingRecords {
  /** By the gaps in their numbers, between the first and the last that came. */
  readonly missing: number;
  /** As the kernel or a daemon itself says that it left out; most of these are among `missing` too. */
  readonly suppressed: number;
}

/** So many texts are looked back for the same one from another source. */
const RECENT_TEXTS = 4096;
/** Unnumbered: the process's comm and exe stand between what is the kernel's. */
const PID = /(?:^| )pid=(\d{1,10}) comm=/;
const TIME = /^(\d{1,12})\.(\d{3}):(\d{1,10})$/;
const SERIAL = /:(\d{1,10})$/;
const TIME_SINCE_BOOT = /^\[ *\d+\.\d+\]/;
const NAMED_ACTIONS: Readonly<Record<string, ActionKind>> = {
  log: 'LOG',
  trace: 'TRACE',
  notify: 'NOTIFY',
  'user-notif': 'NOTIFY',
  errno: 'ERRNO',
  trap: 'TRAP',
  kill: 'KILL_THREAD',
  'kill-thread': 'KILL_THREAD',
  'kill-process': 'KILL_PROCESS',
};

/**
 * Reads the kernel's audit records line by line as they come: from /dev/kmsg, dmesg, syslog, journalctl as text or JSON, auditd.
 * The same record from two sources counts once. What only looks like a record, from anybody but the kernel, is none.
 */
export class DenialLines {
  private readonly serials = new SerialNumbers();
  /** By text, how many more there were without a number than with one; negative: fewer. */
  private readonly unpaired = new Map<string, number>();
  private readonly numbered: boolean;
  private suppressed = 0;
  /** When the kernel last said something that is no audit record: a file name with a line end may go on behind it. */
  private otherStamp: string | undefined;

  /** @param numbered every record has its number, so that nothing else is needed to know it again. */
  constructor(numbered = false) {
    this.numbered = numbered;
  }

  /** What a line tells, without its line end, a byte a character. */
  line(whole: string): DenialRecord | undefined {
    const entry = parseObject(whole);
    if (entry) return this.journalEntry(entry);
    const line = withoutColours(shorten(whole)).split('\u001d', 1)[0];
    const head = recordHead(line);
    if (!head) {
      this.otherStamp = TIME_SINCE_BOOT.exec(line)?.[0];
      this.suppressed += recordsLost(line) ?? 0;
      return undefined;
    }
    if (this.otherStamp !== undefined && line.startsWith(this.otherStamp)) return undefined;
    return this.record(head.type, head.time, line.slice(head.start));
  }

  missing(): MissingRecords {
    return { missing: this.serials.missing(), suppressed: this.suppressed };
  }

  private record(type: string, id: string | undefined, body: string): DenialRecord | undefined {
    const serial = SERIAL.exec(id ?? '')?.[1];
    const decision = type === '1326' || type === 'SECCOMP';
    const again = serial !== undefined && !this.serials.take(Number(serial), decision);
    if (!decision || again || this.isPaired(body.trimEnd(), serial === undefined ? 1 : -1)) return undefined;
    const told = decisionOf(body);
    if (!told) return undefined;
    const [, seconds, milliseconds] = TIME.exec(id ?? '') ?? [];
    const pid = PID.exec(body)?.[1];
    const comm = processOf(body);
    return {
      ...told,
      ...(seconds !== undefined && { time: Number(seconds) * 1000 + Number(milliseconds) }),
      ...(comm !== undefined && { comm }),
      ...(pid !== undefined && { pid: Number(pid) }),
    };
  }

  /** Whether the other way to write it has told of this record already; `side` is 1 without a number, -1 with one. */
  private isPaired(text: string, side: 1 | -1): boolean {
    if (this.numbered) return false;
    const before = this.unpaired.get(text) ?? 0;
    this.unpaired.delete(text);
    if (before + side !== 0) this.unpaired.set(text, before + side);
    if (this.unpaired.size > RECENT_TEXTS) this.unpaired.delete(this.unpaired.keys().next().value!);
    return before * side < 0;
  }

  /** journalctl -o json attests who said it. */
  private journalEntry(entry: Readonly<Record<string, unknown>>): DenialRecord | undefined {
    const message = asText(entry.MESSAGE);
    const transport = asText(entry._TRANSPORT);
    if (transport === 'kernel') {
      const head = recordHead(message);
      if (head) return this.record(head.type, head.time, message.slice(head.start));
      this.suppressed += recordsLost(message) ?? 0;
    } else if (
      transport === 'audit' &&
      ['1326', 'SECCOMP'].includes(asText(entry._AUDIT_TYPE) || asText(entry._AUDIT_TYPE_NAME))
    ) {
      const microseconds = /^(\d{1,13})\d{3}$/.exec(asText(entry._SOURCE_REALTIME_TIMESTAMP))?.[1];
      const id =
        microseconds && `${microseconds.slice(0, -3)}.${microseconds.slice(-3)}:${asText(entry._AUDIT_ID)}`;
      return this.record('SECCOMP', id, message.replace(/^SECCOMP /, ''));
    }
    return undefined;
  }
}

function decisionOf(body: string): Pick<DenialRecord, 'arch' | 'nr' | 'action'> | undefined {
  const end = seccompEnd(body);
  if (!end || isExecuted(end.code) === undefined) return undefined;
  const { arch, nr, code } = end;
  const action = code.startsWith('0x')
    ? actionOfWord(Number.parseInt(code, 16)).kind
    : NAMED_ACTIONS[code.toLowerCase().replace('_', '-')];
  if (action === undefined) return undefined;
  if (/^[0-9a-f]{8}$/.test(arch ?? '') && /^\d{1,10}$/.test(nr)) {
    const abi = abiOfCall(Number.parseInt(arch!, 16), Number(nr));
    return abi && { arch: abi.name, nr: Number(nr), action };
  }
  const abi = interpretedArch(arch ?? '') ?? findAbi(arch ?? '')?.name;
  const number = /^\d{1,10}$/.test(nr) ? Number(nr) : abi && numberOf(abi, nr);
  return abi && number !== undefined ? { arch: abi, nr: number, action } : undefined;
}
