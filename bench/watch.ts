/**
 * A thousand denied calls a second for a minute, before each of callgate's ways to see them: how many it counts, how many it says
 * were lost, and how much memory it takes at the beginning and in the end.
 *   npx tsx -C @callgate/source bench/watch.ts [SECONDS [RATE]]
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AuditListener } from '@callgate/linux/internal/kernel-log/audit-listener';
import { compileDeniedProgram } from '@callgate/testing/denied-program';

const BIN = fileURLToPath(new URL('../packages/cli/bin/callgate.js', import.meta.url));
const [seconds = 60, rate = 1000] = process.argv.slice(2).map(Number);
/** Longer than the five seconds in which the kernel log holds records back. */
const LATER_S = 6;

function residentMiB(pid: number): string {
  const kib = Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]);
  return (kib / 1024).toFixed(1);
}

async function measure(source: string, program: string): Promise<void> {
  // The kernel log's losses are everybody's; who heard them all is the audit socket.
  const everybody = source === 'kernel-log';
  const whose = everybody ? [] : ['--comm', basename(program)];
  const watcher = spawn(process.execPath, [BIN, 'watch', '--json', '--source', source, ...whose], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const listener = new AuditListener();
  let out = '';
  watcher.stdout.on('data', (chunk) => {
    out += chunk;
  });
  while (!out.includes('"start"')) await sleep(20);
  const victim = promisify(execFile)(program, [
    source === 'ebpf' ? '0' : '1',
    String(rate),
    String(rate * seconds),
    String(LATER_S),
  ]);
  await sleep(Math.min(10, seconds / 2) * 1000);
  const early = residentMiB(watcher.pid!);
  const { stdout } = await victim;
  const late = residentMiB(watcher.pid!);
  await sleep(500);
  watcher.kill('SIGINT');
  await new Promise((ended) => watcher.once('close', ended));
  const { denied, logged, lost } = JSON.parse(out.trim().split('\n').at(-1)!);
  const heard = [...listener.texts()].length;
  listener.close();
  const made = everybody ? heard : Number(stdout);
  const told = denied + logged + lost;
  const all = told === made ? 'all of' : `${told} of`;
  console.log(
    `${source.padEnd(10)}  counted ${denied + logged}  lost ${lost}  ${all} ${made}${everybody ? " (everybody's)" : ''}  RSS ${early} MiB, then ${late} MiB`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'callgate-watch-'));
try {
  const program = compileDeniedProgram(folder);
  for (const source of ['ebpf', 'audit', 'kernel-log']) await measure(source, program);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
