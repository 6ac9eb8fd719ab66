/**
 * How long a verb takes from its start to its answer, against `node -e 0`: pairs in turn, the ratio of each, and its
 * median. Every verb that answers by itself is there; those that record or try are measured by bench/recording.ts.
 *   npx tsx bench/startup.ts [PAIRS]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const pairs = Number(process.argv[2] ?? 9);
const bin = join(import.meta.dirname, '../packages/cli/bin/callgate.js');
const folder = mkdtempSync(join(tmpdir(), 'callgate-bench-'));
const log = join(folder, 'strace.log');
writeFileSync(log, 'openat(AT_FDCWD, "x", O_RDONLY) = 3\nread(3, "", 1) = 0\n');
const filter = join(folder, 'docker.bpf');
spawnSync(process.execPath, [bin, 'compile', 'stock:docker', '-q', '--format', 'raw', '-o', filter]);

const STARTS: readonly (readonly string[])[] = [
  ['--version'],
  ['--help'],
  ['explain', 'stock:docker', 'mkdir'],
  ['show', 'stock:docker'],
  ['lint', 'stock:docker'],
  ['diff', 'stock:docker', 'stock:podman'],
  ['diff', 'stock:docker', 'stock:docker'],
  ['syscall', 'clone3'],
  ['compile', 'stock:docker', '-q'],
  ['disasm', filter],
  ['decompile', filter, '-q'],
  ['optimize', filter, '-q', '-o', join(folder, 'small.bpf')],
  ['verify', 'stock:docker', '-q'],
  ['read', log],
  ['build', log, '-q'],
  ['completion', 'bash'],
  ['run', '-p', 'stock:none', '--', 'true'],
];

function milliseconds(args: readonly string[]): number {
  const before = performance.now();
  spawnSync(process.execPath, args, { stdio: 'ignore' });
  return performance.now() - before;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
try {
  console.log(`callgate …                            ms   × node -e 0 (median of ${pairs} pairs)`);
  for (const args of STARTS) {
    const rows = Array.from({ length: pairs }, () => [
      milliseconds(['-e', '0']),
      milliseconds([bin, ...args]),
    ]);
    const text = args.map((arg) => arg.replace(`${folder}/`, '')).join(' ');
    const time = median(rows.map(([, b]) => b)).toFixed(0);
    console.log(`${text.padEnd(36)} ${time.padStart(4)}   ${median(rows.map(([a, b]) => b / a)).toFixed(2)}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
