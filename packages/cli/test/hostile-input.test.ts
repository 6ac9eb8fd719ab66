import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { originsFile } from '@callgate/engine/internal/build/origins';
import { LOG_FORMATS } from '@callgate/engine/internal/logs/log-formats';
import { FINDING_FORMATS } from '@callgate/engine/internal/report/finding-formats';
import { FORMATS } from '@callgate/engine/internal/report/program-formats';
import { callgate } from '@callgate/testing/callgate';
import { ALLOW, conditional, EPERM, filter } from '@callgate/testing/filter-files';
import { ENDINGS, type FileKind, hostileFile, isBroken } from '@callgate/testing/hostile-files';
import { hostileWord } from '@callgate/testing/hostile-words';
import { brokenPromises, type Run } from '@callgate/testing/promises';
import { Random } from '@callgate/testing/random-programs';
import { CARRIERS } from '@callgate/workload/internal/carriers/carriers';
import { afterAll, expect, it } from 'vitest';
import { VERBS } from '../src/verbs.ts';

/** A run is random by the sum of the seed and its number, so CALLGATE_SEED=SUM CALLGATE_FUZZ=1 repeats it alone. */
const SEED = Number(process.env.CALLGATE_SEED ?? 20261122);
/** 200,000 is all of them. */
const RUNS = Number(process.env.CALLGATE_FUZZ ?? 300);
const MS_PER_RUN = 100;

const folder = mkdtempSync(join(tmpdir(), 'callgate-hostile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const small = filter('small.bpf', [
  [0x20, 0, 0, 0],
  [0x15, 0, 1, 83],
  [0x06, 0, 0, EPERM],
  [0x06, 0, 0, ALLOW],
]);
/** No program may start, and nothing be written. */
const NOWHERE = '/no/such/folder';

/** The arguments of a run; `given` is a file, or a word. */
type Arguments = (random: Random, given: string) => readonly string[];

/** Arguments in which {} stands for what is given. */
const given =
  (...args: readonly string[]): Arguments =>
  (_, what) =>
    args.map((arg) => arg.replace('{}', () => what));
const sometimes = (random: Random, ...flags: readonly string[]) => flags.filter(() => random.chance(0.5));

/** What a verb makes of a subject, whatever it is: a profile, or a filter. */
const ON_SUBJECTS: readonly Arguments[] = [
  (r, file) => ['show', file, ...sometimes(r, '--names', '--bitmap', '--allow-unknown')],
  given('gate', conditional, '{}'),
  given('forecast', '{}'),
  (r, file) => [
    'edit',
    file,
    ...r.pick([['--deny', 'read'], ['--allow', 'openat2'], ['--shadow'], ['--rename-unknown']]),
  ],
  (r, file) => ['lint', file, ...sometimes(r, '--all')],
  (r, file) => ['lint', file, '--format', r.pick(FINDING_FORMATS).id, ...sometimes(r, '--all')],
  (r, file) => [
    'explain',
    file,
    r.pick(['read', 'socket', 'mkdir', '999']),
    ...sometimes(r, '--allow-unknown'),
  ],
  given('diff', '{}', conditional, '--allow-unknown'),
  given('diff', 'stock:none', '{}'),
  (r, file) => ['compile', file, '--format', r.pick(FORMATS), ...sometimes(r, '--allow-unknown')],
  given('compile', '{}', '--annotate', '--allow-unknown'),
  given('decompile', '{}', '--allow-unknown'),
  given('verify', '{}', '--against', small, '--allow-unknown'),
  given('shrink', '{}', '--', NOWHERE),
  given('test', '{}'),
  given('test', '--profile', '{}', '--', NOWHERE),
  given('optimize', '{}', '--format', 'asm'),
  (r, file) => ['secure', file, ...r.pick([['--check'], [], ['--patch', 'json'], ['--patch', 'kustomize']])],
  (r, file) => ['audit', file, ...sometimes(r, '--all', '--matrix', '--seccomp-default')],
  (r, file) => ['audit', file, '--format', r.pick(FINDING_FORMATS).id],
  (r, file) => [
    'convert',
    file,
    ...['--to', r.pick(CARRIERS.filter(({ write }) => write)).id, '--json'],
    ...sometimes(r, '--best-effort', '--allow-unknown'),
  ],
  given('why', '--call', 'socket AF_VSOCK', '--profile', '{}', '--allow-unknown'),
  // Nobody listens there.
  given('push', '{}', 'localhost:1/web:1', '--allow-unknown'),
];

/** What it makes of a log, or a recording. */
const ON_LOGS: readonly Arguments[] = [
  (r, file) => ['read', file, ...sometimes(r, '--args')],
  (r, file) => ['read', file, '--format', r.pick(LOG_FORMATS).id],
  (r, file) => [
    'watch',
    file,
    '--since',
    '2000-01-01',
    '--duration',
    '1ms',
    ...sometimes(r, '--fail-on-denial'),
  ],
  (r, file) => ['build', file, ...sometimes(r, '--explain', '--tighten', '--with-denied')],
  given('build', '{}', '--runtime', 'runc', '--libc-range', 'glibc:2.31-2.43'),
  (r, file) => [
    ...['init', join(folder, 'begun'), '--force', '--recording', file],
    ...['--engine', r.pick(['docker', 'kubernetes'])],
  ],
  given('why', '{}', '--profile', conditional),
];

const AS_WEIGHTS: readonly Arguments[] = [
  given('compile', conditional, '--weights', '{}', '--objective', 'mean', '--format', 'hex'),
  given('optimize', small, '--weights', '{}', '--objective', 'mean', '--format', 'c'),
];

const ON_FILES: Readonly<Record<FileKind, readonly Arguments[]>> = {
  profile: [...ON_SUBJECTS, ...ON_SUBJECTS, ...ON_LOGS],
  yaml: [...ON_SUBJECTS, ...ON_LOGS],
  recording: [...ON_LOGS, ...AS_WEIGHTS],
  sidecar: ['read', 'socket', 'mkdir'].map((call) => given('explain', conditional, call)),
  log: ON_LOGS,
  filter: [...ON_SUBJECTS, given('disasm', '{}'), given('verify', conditional, '--against', '{}')],
  assembler: [given('asm', '{}'), given('asm', '{}', '-o', join(folder, 'out.bpf')), given('disasm', '{}')],
};
const KINDS = Object.keys(ON_FILES) as FileKind[];

/** Where a word may stand on the command line itself. */
const ON_WORDS: readonly Arguments[] = [
  ...[given('{}'), given('help', '{}'), given('completion', '{}'), given('hook', '{}')],
  ...['{}', 'stock:{}', 'pid:{}', '/no/such/{}', '--{}'].map((subject) => given('show', subject)),
  ...['--arch', '--kernel', '--caps', '--runtime'].map((flag) => given('show', conditional, flag, '{}')),
  given('show', conditional, '--runtime', 'runc@{}'),
  ...['docker', 'containerd', 'crio', 'runc'].map((engine) => given('show', `${engine}:{}`)),
  ...[given('ps', '--engine', 'x{}'), given('ps', '--known', `${NOWHERE}/{}`)],
  ...[
    given('lint', '{}'),
    given('lint', conditional, '--fail-on', '{}'),
    given('lint', conditional, '--format', '{}'),
  ],
  given('rules', '{}'),
  given('why', '{}', '--profile', conditional),
  ...['--call', '--exit', '--pid', '--profile', '--exe'].map((flag) => given('why', 'x', flag, '{}')),
  ...['--allow', '--also', '--cover', '--deny', '--default', '--add-floor'].map((flag) =>
    given('edit', conditional, flag, '{}'),
  ),
  given('edit', conditional, '--allow', 'socket={}'),
  ...['--libc-range', '--kernel-range'].map((flag) => given('forecast', conditional, flag, '{}')),
  ...[given('gate', conditional, conditional, '--fail-on', '{}'), given('gate', 'git:{}:p', conditional)],
  ...[given('syscall', '{}'), given('syscall', 'read', '--arch', '{}')],
  ...[given('explain', conditional, '{}'), given('explain', conditional, 'socket', '{}')],
  ...['--to', '--name', '--set'].map((flag) =>
    given('convert', conditional, '--to', 'daemonset', flag, '{}'),
  ),
  ...['kubelet', 'image', 'namespace'].map((key) =>
    given('convert', conditional, '--to', 'daemonset', '--set', `${key}={}`),
  ),
  ...[given('pull', 'localhost:1/{}'), given('push', conditional, 'localhost:1/{}')],
  ...['--format', '--objective', '--weights'].map((flag) => given('compile', conditional, flag, '{}')),
  given('compile', conditional, '-o', `${NOWHERE}/{}`),
  given('verify', conditional, '--against', '{}'),
  given('shrink', conditional, '--', `${NOWHERE}/{}`),
  given('shrink', conditional, '--action', '{}', '--', NOWHERE),
  ...[given('test', `${NOWHERE}/{}`), given('test', '-p', conditional, '-e', '{}', '--', NOWHERE)],
  ...[given('record', '--pid', 'x{}'), given('record', '--recorder', 'x{}', '--', NOWHERE)],
  ...['--format', '--arch', '--kernel'].map((flag) => given('read', conditional, flag, '{}')),
  ...['--since', '--source', '--metrics', '--interval', '--pid'].map((flag) =>
    given('watch', '-', flag, '{}'),
  ),
  ...['--runtime', '--libc-range', '--kernel-range', '--allow', '--log-arch', '--arch'].map((flag) =>
    given('build', conditional, flag, '{}'),
  ),
  ...['--profile', '--container', '--patch'].map((flag) => given('secure', conditional, flag, '{}')),
  ...['--name', '--image', '--engine', '--ci', '--recording'].map((flag) =>
    given('init', join(folder, 'begun'), '--force', flag, '{}'),
  ),
  given('hook', 'install', '--dir', `${folder}/{}`),
  given('hook', 'uninstall', '--dir', `${folder}/no/{}`),
];

/** They start programs whatever they are given, or are given nothing. */
const LEFT_OUT = ['run', 'try', 'tour', 'doctor'];
/** They take a file for whatever it may be. */
const TAKES_ANYTHING = ['read', 'watch', 'build', 'secure', 'why'];

/** A run that is to be made. */
interface Plan {
  readonly args: readonly string[];
  /** Written before. */
  readonly file?: { readonly path: string; readonly content: Buffer };
  readonly stdin?: string;
  readonly isTTY: boolean;
  readonly mustFail?: boolean;
}

/** For people, for scripts, or for people at a terminal. */
function audience(random: Random, args: readonly string[]): Plan {
  const hasDocument = !['hook', 'completion'].includes(args[0]!) && !args.includes('--annotate');
  const separator = args.includes('--') ? args.indexOf('--') : args.length;
  if (!hasDocument || random.chance(0.6)) return { args, isTTY: random.chance(0.3) };
  return { args: args.toSpliced(separator, 0, '--json'), isTTY: false };
}

function onFile(random: Random): Plan {
  const kind = random.pick(KINDS);
  const path = kind === 'sidecar' ? originsFile(conditional) : join(folder, fileName(random, kind));
  const content = hostileFile(random, kind);
  const plan = audience(random, random.pick(ON_FILES[kind])(random, path));
  const mustFail = isBroken(kind, content) && !TAKES_ANYTHING.includes(plan.args[0]!);
  return { ...plan, file: { path, content }, mustFail };
}

/** At times such a name as only an enemy gives. */
function fileName(random: Random, kind: FileKind): string {
  const word = random.chance(0.2) ? hostileWord(random, false).slice(0, 20).replaceAll('/', '_') : 'file';
  return `x${word}${ENDINGS[kind]}`;
}

function onWord(random: Random): Plan {
  return audience(random, random.pick(ON_WORDS)(random, hostileWord(random, false)));
}

/** What a runtime tells a hook, such that nothing can be recorded. */
function onState(random: Random): Plan {
  const word = hostileWord(random);
  const annotations = { 'io.containers.trace-syscall': random.pick([word, `of:${NOWHERE}/${word}`]) };
  const state = JSON.stringify({ pid: random.pick([word, -1, 999_999_999]), annotations, [word]: word });
  const stdin = random.chance(0.5) ? state : state.slice(0, random.below(state.length));
  return { args: ['hook', 'run'], isTTY: random.chance(0.5), stdin };
}

function randomPlan(random: Random): Plan {
  const turn = random.below(20);
  if (turn === 0) return onState(random);
  return turn < 4 ? onWord(random) : onFile(random);
}

async function made({ args, file, stdin, isTTY, mustFail }: Plan): Promise<Run> {
  if (file) writeFileSync(file.path, file.content);
  try {
    const before = process.cpuUsage();
    const result = await callgate(args, { input: stdin, isTTY });
    const { user, system } = process.cpuUsage(before);
    const input = Buffer.concat([file?.content ?? Buffer.alloc(0), Buffer.from(stdin ?? '')]);
    const cpuMs = (user + system) / 1000;
    return { args, input, result, cpuMs, mustFail, writesBytes: writesBytes(args, isTTY) };
  } finally {
    if (file) rmSync(file.path);
  }
}

function writesBytes(args: readonly string[], isTTY: boolean): boolean {
  return (
    (['edit', 'secure'].includes(args[0]!) && !isTTY && !args.includes('--json')) ||
    (args[0] === 'asm' && !args.includes('--json')) ||
    args.includes('raw') ||
    args.includes('bubblewrap')
  );
}

const MOST_SHOWN = 1500;
const escaped = (text: string) =>
  JSON.stringify(text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text).replace(
    /[^\x20-\x7e]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** How to make the run again, and what came of it. */
function story(run: number, { args, input, result }: Run, promise: string): string {
  const { status, stdout, stderr } = result;
  return [
    `${promise}: CALLGATE_SEED=${SEED + run} CALLGATE_FUZZ=1`,
    `  callgate ${args.map(escaped).join(' ')}`,
    `  input ${escaped(input.toString('latin1'))}`,
    `  status ${status}, stderr ${escaped(stderr)}, stdout ${escaped(stdout)}`,
  ].join('\n');
}

it('knows where every verb reads what others wrote', () => {
  const random = new Random(SEED);
  const all = [...Object.values(ON_FILES).flat(), ...ON_WORDS].map((args) => args(random, 'x')[0]);
  const verbs = VERBS.map(({ name }) => name);
  expect(verbs.filter((name) => !all.includes(name))).toEqual(LEFT_OUT);
});

it(
  'keeps its promises, whatever it reads',
  async () => {
    /** The first run of each verb that breaks a promise. */
    const stories = new Map<string, string>();
    for (let number = 0; number < RUNS; number++) {
      const run = await made(randomPlan(new Random(SEED + number)));
      for (const promise of brokenPromises(run)) {
        const verb = VERBS.find(({ name }) => name === run.args[0])?.name;
        const kind = `${verb ?? 'no verb'}: ${promise}`;
        if (!stories.has(kind)) stories.set(kind, story(number, run, promise));
      }
    }
    expect([...stories.values()].join('\n\n')).toBe('');
  },
  60_000 + RUNS * MS_PER_RUN,
);
