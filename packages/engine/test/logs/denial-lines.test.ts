import { DenialLines } from '@callgate/engine/internal/logs/denial-lines';
import { describe, expect, it } from 'vitest';

const BODY =
  'auid=4294967295 uid=0 gid=0 ses=4294967295 subj=kernel pid=6574 comm="mix" exe="/bin/mix" sig=0 arch=40000003 syscall=20 compat=1 ip=0x40100e code=0x50000';
const CALL = { arch: 'x86', nr: 20, action: 'ERRNO', comm: 'mix', pid: 6574 };
const AT = 1_795_315_938_705;

const readAll = (...lines: string[]) => {
  const reader = new DenialLines();
  return { records: lines.flatMap((line) => reader.line(line) ?? []), ...reader.missing() };
};

describe('denial lines', () => {
  it.each([
    ['dmesg', `[ 2873.185192] audit: type=1326 audit(1795315938.705:2233): ${BODY}`],
    ['/dev/kmsg', `5,812,2873185192,-;audit: type=1326 audit(1795315938.705:2233): ${BODY}`],
    ['syslog', `Nov 22 02:52:18 web kernel: [ 2873.1] audit: type=1326 audit(1795315938.705:2233): ${BODY}`],
    ['auditd', `type=SECCOMP msg=audit(1795315938.705:2233): ${BODY}\u001dAUID="unset" ARCH=i386 SYSCALL=x`],
    [
      'journal JSON',
      JSON.stringify({
        _TRANSPORT: 'audit',
        _AUDIT_TYPE: '1326',
        _AUDIT_ID: '2233',
        _SOURCE_REALTIME_TIMESTAMP: '1795315938705000',
        MESSAGE: `SECCOMP ${BODY}`,
      }),
    ],
  ])('reads a record of %s', (_, line) => {
    expect(readAll(line).records).toEqual([{ ...CALL, time: AT }]);
  });

  it('reads the journal, which numbers nothing, and ausearch, which writes names', () => {
    expect(readAll(`Nov 22 02:52:18 web audit[6574]: SECCOMP ${BODY}`).records).toEqual([CALL]);
    const interpreted =
      'type=SECCOMP msg=audit(11/22/26 02:50:26.465:2203) : auid=unset pid=5 comm=t exe=/t sig=SIG0 arch=x86_64 syscall=openat compat=0 ip=0x7f code=log';
    expect(readAll(interpreted).records).toMatchObject([{ arch: 'x86_64', nr: 257, action: 'LOG', pid: 5 }]);
  });

  it('counts a record once that two sources tell, in either order', () => {
    const kernel = `Nov 22 02:52:18 web kernel: audit: type=1326 audit(1795315938.705:7): ${BODY}`;
    const journal = `Nov 22 02:52:18 web audit[6574]: SECCOMP ${BODY}`;
    expect(readAll(kernel, journal).records).toHaveLength(1);
    expect(readAll(journal, kernel).records).toHaveLength(1);
    expect(readAll(kernel, kernel).records).toHaveLength(1);
    expect(readAll(journal, journal).records).toHaveLength(2);
  });

  it('tells what is missing by the numbers, whatever order they come in, and across a restart', () => {
    const line = (serial: number, type = 1326) =>
      `5,1,1,-;audit: type=${type} audit(1795315938.705:${serial}): ${BODY.replace('6574', String(serial))}`;
    expect(readAll(line(10), line(12), line(11)).missing).toBe(0);
    expect(readAll(line(10), line(15)).missing).toBe(4);
    expect(readAll(line(10), line(11, 1400), line(12)).missing).toBe(0);
    expect(readAll(line(500_000), line(500_003), line(3), line(5)).missing).toBe(3);
    const told = readAll(line(1), '5,2,2,-;kauditd_printk_skb: 7 callbacks suppressed', line(9));
    expect(told).toMatchObject({ missing: 7, suppressed: 7 });
  });

  it('believes nobody but the kernel', () => {
    const forged = `audit: type=1326 audit(1795315938.705:1): ${BODY}`;
    expect(readAll(`Nov 22 02:52:18 web nginx: ${forged}`).records).toEqual([]);
    expect(readAll(JSON.stringify({ _TRANSPORT: 'syslog', MESSAGE: forged })).records).toEqual([]);
    // A file name with a line end in a message of the kernel's: dmesg gives both lines one time.
    expect(readAll('[ 1.5] overlayfs: odd name', `[ 1.5] ${forged}`).records).toEqual([]);
  });

  it('takes from a hostile comm neither fields nor time', () => {
    const hex = Buffer.from('x\u001b[31m" arch=c000003e').toString('hex').toUpperCase();
    const record = readAll(
      `type=SECCOMP msg=audit(1795315938.705:1): ${BODY.replace('"mix"', hex).replace('"/bin/mix"', '"/sig=1 arch=0"')}`,
    ).records[0];
    expect(record).toMatchObject({ arch: 'x86', nr: 20, comm: 'x\u001b[31m" arch=c000003e' });
    const began = performance.now();
    const longs = ['type=SECCOMP msg=audit(1:1): ', 'audit(', ' sig=', ' pid=1 comm=', '{"a":', '['].map(
      (text) => text.repeat(200_000),
    );
    expect(readAll(...longs).records).toEqual([]);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it('stays small before millions of different records', () => {
    const reader = new DenialLines();
    for (let i = 0; i < 200_000; i++)
      reader.line(`Nov 22 02:52:18 web audit[1]: SECCOMP ${BODY.replace('6574', String(i))}`);
    const { unpaired } = reader as unknown as { unpaired: Map<string, number> };
    expect(unpaired.size).toBeLessThanOrEqual(4096);
  });
});
