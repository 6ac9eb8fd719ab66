/**
 * Runs verbs with --json on a corpus in two built checkouts and prints every difference: what a change of walls changed
 * that it should not have. Exit status 1 when there is one.
 *   npx tsx scripts/compare-json.ts path/to/before [path/to/after]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const [before, after = ROOT] = process.argv.slice(2).map((path) => resolve(path));
if (!before) throw new Error('usage: tsx scripts/compare-json.ts BEFORE [AFTER]');

const PROFILES = join(ROOT, 'test/fixtures/profiles');
const LOGS = join(ROOT, 'packages/engine/test/logs/fixtures');
const folder = mkdtempSync(join(tmpdir(), 'callgate-compare-'));
const filter = join(folder, 'docker.bpf');
const listing = join(folder, 'docker.asm');

const profiles = [
  'stock:docker',
  'stock:podman',
  'stock:containerd',
  ...readdirSync(PROFILES)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(PROFILES, name)),
];
const logs = readdirSync(LOGS).flatMap((format) =>
  readdirSync(join(LOGS, format))
    .filter((name) => !name.endsWith('.json') || format === 'profile' || format === 'tracee')
    .slice(0, 3)
    .map((name) => join(LOGS, format, name)),
);

const COMMANDS: readonly (readonly string[])[] = [
  ...profiles.flatMap((profile) => [
    ['explain', profile, 'clone'],
    ['explain', profile, 'socket', 'AF_VSOCK', '--arch', 'x86'],
    ['show', profile, '--bitmap'],
    ['diff', 'stock:docker', profile],
    ['compile', profile],
  ]),
  ...['stock:docker', 'stock:podman', filter].map((subject) => ['decompile', subject]),
  ['disasm', filter],
  ['asm', listing, '-o', join(folder, 'again.bpf')],
  ['optimize', filter, '-o', join(folder, 'small.bpf')],
  ['verify', 'stock:docker'],
  ['verify', 'stock:docker', '--against', filter],
  ...['clone3', 'mkdir', '318', 'connect'].map((name) => ['syscall', name]),
  ...logs.flatMap((log) => [
    ['read', log],
    ['build', log, '--runtime', 'docker'],
  ]),
];

function run(checkout: string, args: readonly string[]) {
  const bin = join(checkout, 'packages/cli/bin/callgate.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

try {
  run(after, ['compile', 'stock:docker', '-q', '--format', 'raw', '-o', filter]);
  run(after, ['compile', 'stock:docker', '-q', '--format', 'asm', '-o', listing]);
  let differing = 0;
  for (const args of COMMANDS) {
    const [a, b] = [before, after].map((checkout) => run(checkout, [...args, '--json']));
    const what = (['status', 'stdout', 'stderr'] as const).filter((key) => a[key] !== b[key]);
    if (what.length === 0) continue;
    differing++;
    console.log(`callgate ${args.join(' ').replaceAll(`${ROOT}/`, '').replaceAll(`${folder}/`, '')}`);
    for (const key of what)
      console.log(`  ${key}\n    - ${shortened(a[key], b[key])}\n    + ${shortened(b[key], a[key])}`);
  }
  console.log(`${differing} of ${COMMANDS.length} commands differ`);
  process.exitCode = differing === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** The part of an output at which it begins to differ from another one. */
function shortened(output: string | number | null, other: string | number | null): string {
  const [text, rest] = [String(output), String(other)];
  let at = 0;
  while (at < text.length && text[at] === rest[at]) at++;
  return JSON.stringify(text.slice(Math.max(0, at - 60), at + 140));
}
