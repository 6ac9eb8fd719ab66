import type { LogTally } from '../log-tally.ts';

/**
 * Who wrote a record down. auditd, dmesg and syslog have its time and serial number, which identify it; the journal's own text
 * of what the audit subsystem says has neither.
 */
export type RecordSource = 'auditd' | 'dmesg' | 'syslog' | 'journal';

/** So many records are looked back for the same one from another source. */
const RECENT = 4096;
/** So many records are looked back for the call by which a process died. */
const BEFORE_DEATH = 64;
const LONGEST_HEAD = 400;

/**
 * Tells records from repetitions of them: a log may hold the same event as several tools wrote it down, such as
 * journalctl's text, which has most of them twice. In a log of one source nothing is ever a repetition.
 */
export class AuditEvents {
  private readonly tally: LogTally;
  private readonly sources = new Set<RecordSource>();
  private only: RecordSource | undefined;
  // Where the last records stand, in a ring.
  private readonly texts: string[] = [];
  private readonly froms = new Float64Array(RECENT);
  private count = 0;
  /** Times and serial numbers of the last records, once there are several sources. */
  private readonly ids = new Set<string>();
  /** By text, how many more the journal has of it than the kernel's log; negative: fewer. */
  private readonly unpaired = new Map<string, number>();
  private deaths = 0;

  constructor(tally: LogTally) {
    this.tally = tally;
  }

  /** Whether all records came from this source, so that none needs to be looked at. */
  isOnly(source: RecordSource): boolean {
    return this.only === source || (this.only === undefined && this.sources.size === 0);
  }

  /** A record of the only source stands at text[from]. */
  passed(source: RecordSource, text: string, from: number): void {
    if (this.only === undefined) this.addSource(source);
    this.remember(text, from);
  }

  private addSource(source: RecordSource): void {
    this.sources.add(source);
    this.only = this.sources.size === 1 ? source : undefined;
    if (this.sources.size === 2) this.learnIds();
  }

  private remember(text: string, from: number): void {
    const at = this.count++ % RECENT;
    this.texts[at] = text;
    this.froms[at] = from;
  }

  /** Whether another source has told of a record of this line already. */
  isRepetition(source: RecordSource, line: string, id: string | undefined, body: string): boolean {
    if (!this.sources.has(source)) this.addSource(source);
    const repeats =
      this.only === undefined &&
      (this.hasId(id && idOf(id, body)) ||
        ((source !== 'journal' || id === undefined) && this.hasPartner(source, body)));
    if (!repeats) this.remember(line, 0);
    return repeats;
  }

  /** A process died of SIGSYS; which call it was, only a record of its filter's decision tells. */
  died(pid: string | undefined): void {
    if (pid === undefined || !this.isToldOf(pid)) this.deaths++;
  }

  end(): void {
    if (this.deaths > 0)
      this.tally.note(
        `${this.deaths === 1 ? 'a process' : `${this.deaths} processes`} died of SIGSYS; the log does not tell by which call`,
      );
  }

  private hasId(id: string | undefined): boolean {
    if (id === undefined) return false;
    if (this.ids.has(id)) return true;
    this.ids.add(id);
    if (this.ids.size > RECENT) this.ids.delete(this.ids.values().next().value!);
    return false;
  }

  /** The journal's text of a record is the kernel's without its time and number: one of the one is one of the other. */
  private hasPartner(source: RecordSource, body: string): boolean {
    const more = this.unpaired.get(body) ?? 0;
    const one = source === 'journal' ? 1 : -1;
    const now = more + one;
    if (now === 0) this.unpaired.delete(body);
    else this.unpaired.set(body, now);
    if (this.unpaired.size > RECENT) this.unpaired.delete(this.unpaired.keys().next().value!);
    return more * one < 0;
  }

  /** What of the records before the second source came can be told from repetitions. */
  private learnIds(): void {
    for (let at = Math.max(0, this.count - RECENT); at < this.count; at++) {
      const head = this.head(at);
      const id = /audit\(([\d.]+:\d+)\)/.exec(head)?.[1];
      if (id !== undefined) this.ids.add(idOf(id, head));
      const [, journal, kernel] =
        /: SECCOMP (?:audit\([^)]*\)[ :]*)?(.*)|audit\([^)]*\) ?: ?(.*)/.exec(head) ?? [];
      if (journal !== undefined) this.hasPartner('journal', journal);
      else if (kernel !== undefined) this.hasPartner('syslog', kernel);
    }
  }

  private isToldOf(pid: string): boolean {
    const told = new RegExp(` pid=${pid} .* sig=31 `);
    for (let at = this.count - 1; at >= 0 && at >= this.count - BEFORE_DEATH; at--)
      if (told.test(this.head(at))) return true;
    return false;
  }

  /** The line of a record, as far as it matters. */
  private head(at: number): string {
    const from = this.froms[at % RECENT];
    const text = this.texts[at % RECENT];
    const end = text.indexOf('\n', from);
    return text.slice(from, end < 0 || end > from + LONGEST_HEAD ? from + LONGEST_HEAD : end);
  }
}

/** Every process has a record of its own, also of one event. */
function idOf(id: string, body: string): string {
  return `${id} ${/\bpid=(\d+)/.exec(body)?.[1] ?? ''}`;
}
