/**
 * What recording costs a program that does little but system calls: dd with blocks of one byte, four million calls.
 * A bare run, with eBPF the floor (an empty program at the same tracepoint: nothing that counts there costs less), and a
 * recorded one in turn; the ratios of each round, and their medians. The time is dd's own, so that callgate's start is not
 * in it; that is measured apart.
 *   npx tsx -C @callgate/source bench/recording.ts [RECORDER] [BLOCKS] [ROUNDS]
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BpfObjects } from '@callgate/linux/internal/ebpf/bpf-syscall';
import { readKernelTypes } from '@callgate/linux/internal/ebpf/btf';
import { EbpfAssembler } from '@callgate/linux/internal/ebpf/ebpf-assembler';
import { launch } from '@callgate/linux/internal/launch/launch';
import { RECORDERS } from '@callgate/linux/internal/recorders/choose';
import { callLayoutOf } from '@callgate/linux/internal/recorders/ebpf/call-layout';

const [id = 'ebpf', blocks = '2000000', rounds = '9'] = process.argv.slice(2);
const recorder = RECORDERS.find((r) => r.id === id);
if (!recorder) throw new Error(`no recorder ${id}`);
const unavailable = recorder.unavailable();
if (unavailable) throw new Error(`${id}: ${unavailable}`);

const CALLGATE = join(import.meta.dirname, '../packages/cli/bin/callgate.js');
const folder = mkdtempSync(join(tmpdir(), 'callgate-bench-'));
const dd = ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=1', `count=${blocks}`] as const;

/** Seconds that dd says it took. */
async function timed(start: (fd: number) => Promise<unknown>): Promise<number> {
  const log = join(folder, 'dd.log');
  const fd = openSync(log, 'w');
  await start(fd);
  closeSync(fd);
  return Number(/, ([\d.]+) s,/.exec(readFileSync(log, 'utf8'))![1]);
}

const plan = (fd: number) => ({
  command: [...dd] as [string, ...string[]],
  env: { PATH: process.env.PATH, LC_ALL: 'C' },
  stdio: ['ignore', 'ignore', fd] as ['ignore', 'ignore', number],
});
async function bare(fd: number) {
  const launched = await launch(plan(fd));
  await launched.go();
  return launched.ended;
}
async function underEmptyProgram(fd: number) {
  const objects = new BpfObjects();
  const { enter } = callLayoutOf(readKernelTypes()!)!;
  objects.attach(new EbpfAssembler().exit().bytes(), enter, 'callgate_bench');
  try {
    return await bare(fd);
  } finally {
    objects.close();
  }
}
const recorded = (fd: number) => recorder.record(plan(fd));
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

await timed(bare);
/** Seconds of each round: without anything, under the floor, recorded. */
const seconds: { bare: number; floor: number; recorded: number }[] = [];
for (let i = 0; i < Number(rounds); i++) {
  const without = await timed(bare);
  const floor = id === 'ebpf' ? await timed(underEmptyProgram) : Number.NaN;
  const time = await timed(recorded);
  seconds.push({ bare: without, floor, recorded: time });
  const floorText = id === 'ebpf' ? `   floor ${floor.toFixed(3)} s` : '';
  console.log(`bare ${without.toFixed(3)} s${floorText}   ${id} ${time.toFixed(3)} s`);
}
/** The median of the rounds' ratios, and the ratio of the best times: others on the machine make it slower only. */
const times = (which: 'bare' | 'floor') => {
  const best = (key: 'bare' | 'floor' | 'recorded') => Math.min(...seconds.map((round) => round[key]));
  const ratio = median(seconds.map((round) => round.recorded / round[which]));
  return `${ratio.toFixed(3)} (best ${(best('recorded') / best(which)).toFixed(3)}) × ${which}`;
};
console.log(
  `${times('bare')}${id === 'ebpf' ? `, ${times('floor')}` : ''} (${rounds} rounds of ${2 * Number(blocks)} calls)`,
);

const starts = Array.from({ length: 5 }, () => {
  const before = performance.now();
  spawnSync(process.execPath, [CALLGATE, 'record', '-q', '-r', id, '--', 'true'], { stdio: 'ignore' });
  return performance.now() - before;
});
console.log(`callgate's own start and end: ${median(starts).toFixed(0)} ms (median of 5 runs of \`true\`)`);
rmSync(folder, { recursive: true });
