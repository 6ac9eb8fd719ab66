import { AuditRecords, looksLikeRecord } from './audit.ts';
import { asText, eachObject, type JsonObject, type LogFormat, parseObject } from './log-format.ts';

/** journalctl -o json: only what came from the kernel or the audit subsystem, as the journal itself attests. */
export const journalJson: LogFormat = {
  id: 'journal-json',
  about: 'journalctl -o json',
  recognises(line) {
    const object = parseObject(line);
    return object !== undefined && '__REALTIME_TIMESTAMP' in object;
  },
  reader(tally) {
    const records = new AuditRecords(tally);
    const entries = eachObject(tally, (entry) => {
      const message = typeof entry.MESSAGE === 'string' ? entry.MESSAGE : bytesOf(entry.MESSAGE);
      const transport = asText(entry._TRANSPORT);
      if (transport === 'audit') auditEntry(records, entry, message);
      else if (transport === 'kernel' && isKernels(entry)) records.line(message);
      else if (looksLikeRecord(message)) tally.unread();
    });
    return { ...entries, end: () => records.events.end() };
  },
};

/** Facility 0; what others write into /dev/kmsg has another one. */
function isKernels(entry: JsonObject): boolean {
  const facility = entry.SYSLOG_FACILITY;
  return facility === undefined || facility === '0' || facility === 0;
}

function auditEntry(records: AuditRecords, entry: JsonObject, message: string): void {
  const time = asText(entry.__REALTIME_TIMESTAMP);
  const type = asText(entry._AUDIT_TYPE) || asText(entry._AUDIT_TYPE_NAME);
  const body = message.replace(/^(?:SECCOMP|SYSCALL) /, '');
  const field = (name: string) => asText(entry[`_AUDIT_FIELD_${name}`]);
  if (type === '1701' || type === 'ANOM_ABEND') records.death(message.replace(/^ANOM_ABEND /, ''), time);
  else if (type === '1300' || type === 'SYSCALL') records.syscall(body, time);
  else if (type !== '1326' && type !== 'SECCOMP') return;
  else if (isRepetition(records, idOf(entry), body)) return;
  // journalctl leaves out messages that are too long for it.
  else if (body === '') records.decided(field('ARCH'), field('SYSCALL'), field('CODE'), '', time);
  else records.seccomp(body, time);
}

function isRepetition({ events }: AuditRecords, id: string | undefined, body: string): boolean {
  return events.isRepetition(
    'journal',
    id === undefined ? `: SECCOMP ${body}` : `audit(${id}) ${body}`,
    id,
    body,
  );
}

/** The kernel's time and number of a record, as its own text of it has them: 1700000001.100:11. */
function idOf(entry: JsonObject): string | undefined {
  const time = /^(\d+)(\d{3})\d{3}$/.exec(asText(entry._SOURCE_REALTIME_TIMESTAMP));
  const id = asText(entry._AUDIT_ID);
  return time && id !== '' ? `${time[1]}.${time[2]}:${id}` : undefined;
}

/** The journal writes messages that are no UTF-8 as lists of bytes. */
function bytesOf(message: unknown): string {
  if (!Array.isArray(message)) return '';
  return message
    .filter((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256)
    .map((byte) => String.fromCharCode(byte))
    .join('');
}
