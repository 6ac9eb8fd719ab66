import { AuditRecords } from '@callgate/engine/internal/logs/formats/audit';
import type { RecordSource } from '@callgate/engine/internal/logs/formats/audit-events';
import { LogTally } from '@callgate/engine/internal/logs/log-tally';
import { expect, it } from 'vitest';

const RECORD =
  'type=1326 audit(1795315938.700:2203): auid=0 uid=0 gid=0 ses=1 pid=65 comm="m" exe="/m" sig=0 arch=c000003e syscall=59 compat=0 ip=0x40100e code=0x7ffc0000';

/** Only while all records are of one source, those that were seen before are known by their ends, which is far sooner. */
const LINES: readonly (readonly [RecordSource, string])[] = [
  ['dmesg', `[ 2873.180192] audit: ${RECORD}`],
  ['dmesg', `[ 2873.180192] ${RECORD}`],
  ['dmesg', `5,706,23123434936,-;audit: ${RECORD}`],
  ['auditd', RECORD.replace('type=1326 audit', 'type=SECCOMP msg=audit')],
  ['syslog', `Nov 22 10:51:53 web kernel: audit: ${RECORD}`],
  ['syslog', `[ 2873.180192] web kernel: audit: ${RECORD}`],
  ['syslog', `2026-11-22T10:51:53+01:00 web kernel: audit: ${RECORD}`],
  ['journal', `Nov 22 10:51:53 web audit[65]: SECCOMP ${RECORD.slice(RECORD.indexOf('auid='))}`],
];

it.each(LINES)('%s wrote it: %s', (source, line) => {
  const records = new AuditRecords(new LogTally('x86_64'));
  expect(records.line(line)).toMatchObject({ denied: false });
  const sources: readonly RecordSource[] = ['auditd', 'dmesg', 'syslog', 'journal'];
  expect(sources.filter((one) => records.events.isOnly(one))).toEqual([source]);
});
