import { denialsInLog } from '@callgate/engine/internal/why/denials-in-log';
import { exitMeaning } from '@callgate/engine/internal/why/exit-status';
import { describe, expect, it } from 'vitest';

const body = (code: string, more = '') =>
  `auid=0 uid=0 gid=0 ses=1 pid=9 comm="app" exe="/srv/app" sig=31 arch=c000003e syscall=83 compat=0 ip=0x7f12 code=${code}${more}`;
const KILLED = { kind: 'action', action: 'KILL_PROCESS' };

describe('a log of denials', () => {
  it.each([
    ['dmesg', `[ 12.3] audit: type=1326 audit(1764413456.123:7): ${body('0x80000000')}`],
    ['/dev/kmsg', `5,1,2,-;audit: type=1326 audit(1764413456.123:7): ${body('0x80000000')}`],
    ['auditd', `type=SECCOMP msg=audit(1764413456.123:7): ${body('0x80000000')}`],
    [
      'a log that passes it on',
      `2026-01-01T00:00:00Z stdout F node said: type=1326 audit(1764413456.123:7): ${body('0x80000000')}`,
    ],
  ])('of %s', (_, line) => {
    expect(denialsInLog(line, 'x86_64')!.calls).toEqual([
      {
        arch: 'x86_64',
        nr: 83,
        name: 'mkdir',
        outcome: KILLED,
        times: 1,
        program: { comm: 'app', exe: '/srv/app', pid: 9, ip: 0x7f12n },
        time: '1764413456.123:7',
      },
    ]);
  });

  it('tells LOG from ERRNO, and nothing of a "kill" that can be two', () => {
    const outcome = (code: string) =>
      denialsInLog(`type=SECCOMP msg=audit(1.1:7): ${body(code)}`, 'x86_64')!.calls[0].outcome;
    expect(outcome('0x7ffc0000')).toEqual({ kind: 'action', action: 'LOG' });
    expect(outcome('0x50000')).toEqual({ kind: 'action', action: 'ERRNO' });
    expect(outcome('kill')).toEqual({ kind: 'unknown' });
  });

  it("of the Security Profiles Operator's enricher", () => {
    const line =
      '{"auditID":"1.1:1","executable":"/usr/sbin/nginx","pid":9,"syscallID":83,"syscallName":"mkdir","timestamp":"1.1:1","type":"seccomp"}';
    expect(denialsInLog(line, 'x86_64')!.calls).toMatchObject([
      { name: 'mkdir', outcome: { kind: 'unknown' } },
    ]);
  });

  it('sums up what is alike, and keeps no more than anybody reads', () => {
    const line = (i: number, n: number) =>
      `[ 12.${i}] audit: type=1326 audit(1.${i}:${i}): ${body('0x80000000').replace('"app"', `"app${n}"`)}\n`;
    const many = Array.from({ length: 900 }, (_, i) => line(i + 100, i % 300)).join('');
    const { calls, more } = denialsInLog(many, 'x86_64')!;
    expect(calls).toHaveLength(200);
    expect(more).toBe(300);
    expect(calls[0].times).toBe(3);
  });

  it('takes what a program says of itself for no ABI and no call', () => {
    const line = body('0x80000000').replace('"app"', '"a arch=40000003 syscall=1"');
    expect(denialsInLog(`type=SECCOMP msg=audit(1.1:7): ${line}`, 'x86_64')!.calls).toMatchObject([
      { nr: 83 },
    ]);
  });
});

describe('an exit status', () => {
  it.each([
    [159, 'surely'],
    [31, 'surely'],
    [-31, 'surely'],
    [0, 'no'],
    [1, 'perhaps'],
    [125, 'hardly'],
    [126, 'perhaps'],
    [127, 'hardly'],
    [132, 'perhaps'],
    [137, 'hardly'],
    [139, 'perhaps'],
    [143, 'hardly'],
  ])('%i: seccomp %s', (status, seccomp) => {
    expect(exitMeaning(status).seccomp).toBe(seccomp);
  });
});
