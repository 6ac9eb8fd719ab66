/**
 * Runs in an image, as root: records every topic of a build of calls.c RUNS times, and prints what the topic calls itself:
 * [{ topic, runs: [[name, …], …] }]. The first topic is "start", whole; from the others its calls are taken off, once for
 * every program that was started.
 *   topics.mjs PROGRAM RUNS
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { RECORDERS, recordProgram } from '@callgate/linux';

const [, , program, runs] = process.argv;
const recorder = RECORDERS.find(({ id }) => id === 'ebpf');
const topics = execFileSync(program, { encoding: 'utf8' }).trim().split('\n');
const starts = new Map();
const results = [];
for (const topic of topics) {
  const seen = [];
  for (let run = 0; run < Number(runs); run++) {
    const calls = await callsOf(topic);
    if (topic === 'start') for (const [name, count] of calls) starts.set(name, count);
    const programs = (calls.get('execve') ?? 0) + (calls.get('execveat') ?? 0);
    const own = [...calls].filter(
      ([name, count]) => topic === 'start' || count > programs * (starts.get(name) ?? 0),
    );
    seen.push(own.map(([name]) => name).sort());
  }
  results.push({ topic, runs: seen });
}
console.log(JSON.stringify(results));

/** How often each call was made. */
async function callsOf(topic) {
  const folder = mkdtempSync(join(tmpdir(), 'topic-'));
  process.chdir(folder);
  writeFileSync('file', 'some text');
  execFileSync('cp', [join(dirname(program), 'tiny.so'), '.']);
  const { recording } = await recordProgram(recorder, {
    command: [program, topic],
    env: {},
    stdio: 'ignore',
  });
  if (recording.lost > 0) throw new Error(`${topic}: ${recording.lost} calls were lost`);
  const counts = new Map();
  for (const { name, count } of recording.observations) counts.set(name, (counts.get(name) ?? 0) + count);
  return counts;
}
