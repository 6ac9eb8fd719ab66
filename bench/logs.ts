/** How fast logs are read, on one core and in constant memory, beside a loop that only splits lines and beside wc -l. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogStream } from '@callgate/engine/internal/logs/read-log';

/** As the command line reads. */
const CHUNK = 64 * 1024;
/** As much as is read of each format. */
const TOTAL = 2 * 1024 ** 3;
const PARTS = 8;

const STRACE = [
  '6442  02:47:28.652157 openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3',
  '6442  02:47:28.652204 newfstatat(3, "", {st_mode=S_IFREG|0644, st_size=31405, ...}, AT_EMPTY_PATH) = 0',
  '6442  02:47:28.652251 mmap(NULL, 31405, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f5a671d4000',
  '6443  02:47:28.652298 read(3,  <unfinished ...>',
  '6442  02:47:28.652345 close(3)                          = 0',
  '6443  02:47:28.652391 <... read resumed>"\\177ELF\\2\\1\\1\\3\\0\\0\\0\\0\\0\\0\\0\\0"..., 832) = 832',
  '6442  02:47:28.652438 write(1, "mount(\\"x\\") = 0\\n", 16) = 16',
];
const AUDIT = [59, 257, 9, 3, 0, 1, 262, 12].map(
  (nr, i) =>
    `[ 2873.18${i}192] audit: type=1326 audit(1795315938.70${i}:22${i}3): auid=4294967295 uid=0 gid=0 ses=4294967295 pid=6574 comm="mix" exe="/bin/mix" sig=0 arch=c000003e syscall=${nr} compat=0 ip=0x40100e code=0x7ffc0000`,
);

function megabytes(lines: readonly string[]): Buffer {
  const text = `${lines.join('\n')}\n`;
  return Buffer.from(text.repeat(Math.ceil((8 * 1024 * 1024) / text.length)), 'latin1');
}

/** MB/s of this process's CPU time for one part of the whole. */
function speedOf(bytes: Buffer, sink: (chunk: string) => void): number {
  let done = 0;
  const start = process.cpuUsage();
  while (done < TOTAL / PARTS) {
    for (let at = 0; at < bytes.length; at += CHUNK) sink(bytes.toString('latin1', at, at + CHUNK));
    done += bytes.length;
  }
  const { user, system } = process.cpuUsage(start);
  return done / (user + system);
}

/** The middle one, and the best: what others do on the same machine makes it slower only. */
function summary(speeds: readonly number[]): { median: number; best: number } {
  const sorted = speeds.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1]!, best: sorted.at(-1)! };
}

function countLines(bytes: Buffer): number {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-bench-'));
  try {
    const file = join(folder, 'log');
    writeFileSync(file, Buffer.concat(Array.from({ length: 32 }, () => bytes)));
    const start = performance.now();
    spawnSync('wc', ['-l', file]);
    return (32 * bytes.length) / (performance.now() - start) / 1000;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

console.log(
  `reading ${TOTAL / 1024 ** 3} GB of each in ${PARTS} parts, MB/s of one core (process CPU time): median (best)`,
);
const formatted = ({ median, best }: { median: number; best: number }) =>
  `${median.toFixed(0).padStart(5)} (${best.toFixed(0)})`;
for (const [name, lines] of [
  ['strace', STRACE],
  ['audit', AUDIT],
] as const) {
  const bytes = megabytes(lines);
  const stream = new LogStream({ machine: 'x86_64' });
  const reading: number[] = [];
  const splitting: number[] = [];
  let count = 0;
  const memory = process.memoryUsage().rss;
  let most = memory;
  for (let part = 0; part < PARTS; part++) {
    reading.push(speedOf(bytes, (chunk) => stream.push(chunk)));
    most = Math.max(most, process.memoryUsage().rss);
    splitting.push(
      speedOf(bytes, (chunk) => {
        for (let at = chunk.indexOf('\n'); at >= 0; at = chunk.indexOf('\n', at + 1)) count++;
      }),
    );
  }
  const found = stream.end()!;
  if (found.format.id !== name || found.contents.unread > 0 || found.contents.lines !== count)
    throw new Error(`${name} was not read`);
  console.log(
    `  ${name.padEnd(7)}${formatted(summary(reading))}   lines split and nothing else${formatted(summary(splitting))}   wc -l ${countLines(bytes).toFixed(0)}   memory grew by ${((most - memory) / 1e6).toFixed(0)} MB`,
  );
}
