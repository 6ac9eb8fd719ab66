import { findLogFormat } from '@callgate/engine/internal/logs/log-formats';
import { type LogOptions, LogStream } from '@callgate/engine/internal/logs/read-log';
import { describe, expect, it } from 'vitest';

const REBOOT = '\n77 reboot(1) = 0\n';
const STRACE =
  'execve("/bin/cat", ["cat"], 0x7ffcf3578338 /* 35 vars */) = 0\nread(3, "", 1) = 0\nclose(3) = 0\n';
const SYSLOG = 'Nov 22 10:00:00 host kernel: eth0: link is up\n';
const AUDIT =
  'Nov 22 10:00:00 host kernel: audit: type=1326 audit(1795315938.705:22): auid=1 uid=0 gid=0 ses=1 pid=6574 comm="mix" exe="/bin/mix" sig=0 arch=c000003e syscall=59 compat=0 ip=0x40100e code=0x7ffc0000\n';

/** Bytes of all values, the same every time. */
function noise(length: number): string {
  let state = 20261122;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return String.fromCharCode(state >>> 24);
  };
  return Array.from({ length }, next).join('');
}

/** Numbers of 64 bits, as binary formats have them. */
const words = (count: number) =>
  Array.from({ length: count }, (_, i) => `${String.fromCharCode(i % 200)}\u0001\0\0\0\0\0\0`).join('');

function read(log: string, options: Partial<LogOptions> = {}) {
  const stream = new LogStream({ machine: 'x86_64', ...options });
  for (let at = 0; at < log.length; at += 1 << 16) stream.push(log.slice(at, at + (1 << 16)));
  const found = stream.end();
  const names = found?.contents.calls.map(({ arch, nr, name }) => name ?? `${arch} ${nr}`).sort();
  return { binary: stream.isBinary, format: found?.format.id, names };
}

describe('a binary file is no log', () => {
  it.each([
    ['noise with one line of a log', noise(60_000) + REBOOT + noise(60_000)],
    ['a line of a log after much noise', noise(600_000) + REBOOT],
    [
      'a perf.data with such lines in arguments',
      `PERFILE2${words(100)}sh -c ${REBOOT.repeat(20)}${words(20)}`,
    ],
    ['noise alone', noise(3000)],
  ])('%s', (_what, bytes) => {
    expect(read(bytes)).toEqual({ binary: true, format: undefined, names: undefined });
  });

  it('unless it is to be read as one', () => {
    const log = noise(3000) + REBOOT;
    expect(read(log, { format: findLogFormat('strace')! })).toMatchObject({
      binary: false,
      names: ['reboot'],
    });
  });
});

describe('a log with odd bytes is one', () => {
  const audit = { binary: false, format: 'audit', names: ['execve'] };
  const strace = { binary: false, format: 'strace', names: ['close', 'execve', 'read'] };
  it.each([
    [
      'zeros where a machine lost power',
      SYSLOG.repeat(50) + AUDIT + '\0'.repeat(5000) + SYSLOG + AUDIT,
      audit,
    ],
    ['zeros at its beginning', '\0'.repeat(300_000) + SYSLOG + AUDIT, audit],
    ['zeros alone in its head', `${'\0'.repeat(100_000)}\n${SYSLOG}${AUDIT}`, audit],
    ['a few control characters', `${SYSLOG.repeat(20)}a\u0001b\0c\n${AUDIT}`, audit],
    ["a program's binary output", `${STRACE}${noise(20_000)}\n${STRACE}`, strace],
    ['escape codes', `\u001b[1mstrace\u001b[0m \u001b[2J\n${STRACE}`, strace],
    ['letters of Latin-1 and UTF-8', `caf\u00e9 \u00c3\u00a9\n${STRACE}`, strace],
  ])('%s', (_what, log, expected) => {
    expect(read(log)).toEqual(expected);
  });
});
