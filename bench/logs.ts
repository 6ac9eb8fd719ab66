/** How fast logs are read, on one core and in constant memory, beside a loop that only splits lines and beside wc -l. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogStream } from '@callgate/engine/record/read-log';

/** As the command line reads. */
const CHUNK = 64 * 1024;
/** As much as is read of each format. */
const TOTAL = 2 * 1024 ** 3;

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

function read(bytes: Buffer, sink: (chunk: string) => void): { speed: number; growth: number } {
  const before = process.memoryUsage().rss;
  let most = before;
  let done = 0;
  const start = process.cpuUsage();
  while (done < TOTAL) {
    for (let at = 0; at < bytes.length; at += CHUNK) sink(bytes.toString('latin1', at, at + CHUNK));
    done += bytes.length;
    most = Math.max(most, process.memoryUsage().rss);
  }
  const { user, system } = process.cpuUsage(start);
  return { speed: done / (user + system), growth: (most - before) / 1e6 };
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
  `reading ${TOTAL / 1024 ** 3} GB of each, MB/s of one core (process CPU time), growth of memory in MB`,
);
for (const [name, lines] of [
  ['strace', STRACE],
  ['audit', AUDIT],
] as const) {
  const bytes = megabytes(lines);
  const stream = new LogStream({ machine: 'x86_64' });
  const reader = read(bytes, (chunk) => stream.push(chunk));
  const found = stream.end()!;
  if (found.format.id !== name || found.contents.unread > 0) throw new Error(`${name} was not read`);
  let count = 0;
  const split = read(bytes, (chunk) => {
    for (let at = chunk.indexOf('\n'); at >= 0; at = chunk.indexOf('\n', at + 1)) count++;
  });
  console.log(
    `  ${name.padEnd(7)} ${reader.speed.toFixed(0).padStart(5)}   grew ${reader.growth.toFixed(0)}   lines split and nothing else ${split.speed.toFixed(0)} (×${(split.speed / reader.speed).toFixed(1)}), wc -l ${countLines(bytes).toFixed(0)}${count > 0 ? '' : '!'}`,
  );
}
