/**
 * How long `callgate lint` takes for a thousand profiles of a folder: half of them of some rules, as people write them, and half as
 * large as a runtime's default, each with another change; and for one of them, against `node -e 0`, in pairs.
 *   npx tsx bench/lint.ts [RUNS]        taskset -c 0,1 holds it to two cores
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const runs = Number(process.argv[2] ?? 3);
const PROFILES = 1000;
const bin = join(import.meta.dirname, '../packages/cli/bin/callgate.js');
const folder = mkdtempSync(join(tmpdir(), 'callgate-lint-'));
const callgate = (...args: string[]) => spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8' });

const large = JSON.parse(callgate('edit', 'stock:docker', '--deny', 'acct', '-q').stdout);
const calls: string[] = large.syscalls.flatMap(({ names }: { names: string[] }) => names);
for (let i = 0; i < PROFILES; i++) {
  const own = { names: calls.slice(i % 200, (i % 200) + 40), action: 'SCMP_ACT_ALLOW' };
  const socket = {
    names: ['socket'],
    action: 'SCMP_ACT_ALLOW',
    args: [{ index: 0, value: i % 50, op: 'SCMP_CMP_EQ' }],
  };
  const small = {
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: ['SCMP_ARCH_X86_64'],
    syscalls: [own, socket],
  };
  const profile =
    i % 2 === 0 ? small : { ...large, syscalls: [...large.syscalls, { ...own, action: 'SCMP_ACT_LOG' }] };
  writeFileSync(join(folder, `${i}.json`), JSON.stringify(profile, null, 1));
}

function seconds(args: readonly string[]): number {
  const before = performance.now();
  spawnSync(process.execPath, args, { stdio: 'ignore' });
  return (performance.now() - before) / 1000;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
try {
  const all = Array.from({ length: runs }, () => seconds([bin, 'lint', folder, '-q']));
  const empty = median(Array.from({ length: 9 }, () => seconds(['-e', '0'])));
  const each = (median(all) / PROFILES / empty).toFixed(2);
  console.log(
    `${PROFILES} profiles: ${median(all).toFixed(1)} s (median of ${runs}), ${each} × node -e 0 for each`,
  );
  for (const [name, file] of [
    ['a small profile', '0.json'],
    ['a large one', '1.json'],
  ]) {
    const pairs = Array.from({ length: 9 }, () => {
      const empty = seconds(['-e', '0']);
      return seconds([bin, 'lint', join(folder, file), '-q']) / empty;
    });
    console.log(`${name}: ${median(pairs).toFixed(2)} × node -e 0`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
