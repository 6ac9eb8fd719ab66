/**
 * How long `callgate --version` takes, against `node -e 0`: pairs in turn, the ratio of each, and its median.
 *   npx tsx bench/startup.ts [PAIRS]
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const pairs = Number(process.argv[2] ?? 21);
const bin = join(import.meta.dirname, '../packages/cli/bin/callgate.js');

function milliseconds(args: readonly string[]): number {
  const before = performance.now();
  spawnSync(process.execPath, args, { stdio: 'ignore' });
  return performance.now() - before;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const rows = Array.from({ length: pairs }, () => [
  milliseconds(['-e', '0']),
  milliseconds([bin, '--version']),
]);
console.log(`node -e 0           ${median(rows.map(([a]) => a)).toFixed(1)} ms`);
console.log(`callgate --version  ${median(rows.map(([, b]) => b)).toFixed(1)} ms`);
console.log(`median ratio        ${median(rows.map(([a, b]) => b / a)).toFixed(2)} (${pairs} pairs)`);
