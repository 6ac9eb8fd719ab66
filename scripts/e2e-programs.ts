/**
 * Records, builds and runs confined real programs of Debian, each twice recorded and once confined:
 *   npm run e2e:programs [-- --recorder ebpf|notify] [NAME …]
 * A program that is not installed counts as failed. Exit status 1 when any failed.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

const PROGRAMS = join(import.meta.dirname, 'programs');
const CALLGATE = join(import.meta.dirname, '../packages/cli/bin/callgate.js');
/** What a script starts more than once, by its steps; others have one step of their own name. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  'git-clone': ['clone-path', 'clone-file'],
  postgres: ['initdb', 'postgres'],
  'python-http': ['python3'],
};
const RECORDED_RUNS = 2;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { recorder: { type: 'string', default: 'auto' } },
});
const all = readdirSync(PROGRAMS)
  .filter((file) => file.endsWith('.sh') && file !== 'common.sh')
  .map((file) => basename(file, '.sh'));
const names = positionals.length > 0 ? positionals : all;

let failures = 0;
let callCounts = '';
for (const name of names) {
  const started = performance.now();
  const fault = testProgram(name);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (fault) failures++;
  console.log(`${fault ? '✗' : '✓'} ${name.padEnd(12)} ${seconds.padStart(5)} s  ${fault ?? callCounts}`);
}
console.log(`${names.length - failures} passed, ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;

/** What went wrong, or nothing. */
function testProgram(name: string): string | undefined {
  const work = mkdtempSync(join(tmpdir(), `callgate-${name}-`));
  chmodSync(work, 0o777);
  try {
    for (let run = 0; run < RECORDED_RUNS; run++) {
      const output = join(work, `@STEP@.${run}.json`);
      const fault = script(name, work, ['record', '-q', '--recorder', values.recorder, '-o', output, '--']);
      if (fault) return `recording: ${fault}`;
    }
    const counts = [];
    for (const step of STEPS[name] ?? [name]) {
      const recordings = Array.from({ length: RECORDED_RUNS }, (_, run) => join(work, `${step}.${run}.json`));
      const profile = join(work, `${step}.profile.json`);
      const built = spawnSync(process.execPath, [CALLGATE, 'build', '-q', ...recordings, '-o', profile], {
        encoding: 'utf8',
      });
      if (built.status !== 0) return `building ${step}: ${built.stderr.trim()}`;
      const [rule] = JSON.parse(readFileSync(profile, 'utf8')).syscalls;
      counts.push(`${step} ${rule.names.length} calls`);
    }
    callCounts = counts.join(', ');
    const fault = script(name, work, ['run', '--log', '--profile', join(work, '@STEP@.profile.json'), '--']);
    return fault && `confined: ${fault}`;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Runs a program's script with callgate as its wrapper. */
function script(name: string, work: string, wrapper: readonly string[]): string | undefined {
  const wrap = [process.execPath, CALLGATE, ...wrapper];
  const result = spawnSync(join(PROGRAMS, `${name}.sh`), [work, ...wrap], {
    encoding: 'utf8',
    timeout: 240_000,
  });
  return result.status === 0 ? undefined : result.stderr.trim() || `status ${result.status ?? result.signal}`;
}
