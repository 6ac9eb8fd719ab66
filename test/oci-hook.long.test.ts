import { execFileSync, spawn } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { spawnCallgate } from '@callgate/testing/callgate';
import { BUSYBOX } from '@callgate/testing/containers';
import { allowedBy, KernelTraces, pids, straced, Undo, without } from '@callgate/testing/recorded';
import { describeWith, type Requirement } from '@callgate/testing/requirements';
import { bundleHost, engineHost, type Host, makeRoot, type Plan } from '@callgate/testing/served';
import { until } from '@callgate/testing/until';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const ANNOTATION = 'io.containers.trace-syscall';
/** What the container runs, with children; it prints what it did, and waits where it is told to. */
const WORK = 'cd /tmp && mkdir work && echo text >work/file && cat work/file && rm -r work && uname -s';
const SAYS = 'text\nLinux\n';
const shell = (script: string) => [
  '/bin/busybox',
  'sh',
  '-c',
  script.replaceAll(/\b(mkdir|cat|rm|uname|ln|sleep) /g, '/bin/busybox $1 '),
];
/** Writes what comes to the machine's log to a file. */
const LISTENER = `import socket, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind('/dev/log')
while True:
    with open(sys.argv[1], 'ab') as heard: heard.write(log.recv(65536) + b'\\n')`;
/** A call that the work does not make. */
const FOREIGN = shell('ln -s target /tmp/link');

interface HookFile {
  readonly version: string;
  readonly hook: { path: string; args?: string[]; env?: string[]; timeout?: number };
  readonly when: { annotations?: Record<string, string>; always?: boolean };
  readonly stages: readonly string[];
}

interface Profile {
  readonly defaultAction: string;
  readonly architectures?: readonly string[];
  readonly syscalls: readonly { names: readonly string[]; action: string }[];
}

const always = new Undo();
let undo = new Undo();
afterAll(() => always.run());
afterEach(async () => {
  const last = undo;
  undo = new Undo();
  await last.run();
});

/** Installs the hook into a folder of the test's own, for profiles in another. */
function installed(
  undo: Undo,
  profiles = undo.folder(),
): { folder: string; file: string; content: HookFile } {
  const folder = undo.folder();
  const { status, stderr } = spawnCallgate(['hook', 'install', '--dir', folder, '--out', profiles]);
  if (status !== 0) throw new Error(`hook install: ${stderr}`);
  const [file, ...more] = readdirSync(folder).filter((name) => name.endsWith('.json'));
  expect(more).toEqual([]);
  return { folder, file: file!, content: JSON.parse(readFileSync(join(folder, file!), 'utf8')) };
}

describe('callgate hook install', () => {
  it('writes a hook file of schema 1.0.0 that asks for the annotation, and uninstall removes it', () => {
    const { folder, file, content } = installed(undo);
    expect(content.version).toBe('1.0.0');
    expect(content.when.always ?? false).toBe(false);
    const [[key, value] = [], ...others] = Object.entries(content.when.annotations ?? {});
    expect(others).toEqual([]);
    expect(new RegExp(key!).test(ANNOTATION)).toBe(true);
    expect(new RegExp(key!).test('another.annotation')).toBe(false);
    expect(new RegExp(key!).test(`${ANNOTATION}s`)).toBe(false);
    for (const annotation of ['of:out.json', 'if:in.json;of:out.json', 'nonsense'])
      expect(new RegExp(value!).test(annotation)).toBe(true);
    // Only there the process has a pid of this machine's, is in its namespaces, and has no filter yet.
    expect(content.stages).toHaveLength(1);
    expect(['prestart', 'createRuntime']).toContain(content.stages[0]);
    accessSync(content.hook.path, constants.X_OK);
    expect(content.hook.path).toMatch(/^\//);
    const args = content.hook.args ?? [];
    expect(args.slice(args.indexOf('hook')).slice(0, 3)).toEqual(['hook', 'run', '--out']);
    expect(spawnCallgate(['hook', 'uninstall', '--dir', folder]).status).toBe(0);
    expect(existsSync(join(folder, file))).toBe(false);
  });

  it('may be repeated, and leaves the files of others alone', () => {
    const profiles = undo.folder();
    const { folder, file, content } = installed(undo, profiles);
    writeFileSync(join(folder, 'other.json'), '{}');
    expect(spawnCallgate(['hook', 'install', '--dir', folder, '--out', profiles]).status).toBe(0);
    expect(readdirSync(folder).sort()).toEqual([file, 'other.json'].sort());
    expect(JSON.parse(readFileSync(join(folder, file), 'utf8'))).toEqual(content);
    expect(spawnCallgate(['hook', 'uninstall', '--dir', folder]).status).toBe(0);
    expect(readdirSync(folder)).toEqual(['other.json']);
  });

  it('takes no folder for profiles to which others can write', () => {
    const shared = undo.folder();
    chmodSync(shared, 0o777);
    const { status, stderr } = spawnCallgate(['hook', 'install', '--dir', undo.folder(), '--out', shared]);
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/^callgate: .*others may write to [^\n]+\n$/),
    ]);
  });

  it.each([
    '',
    'not json',
    '{}',
    '{"pid":"x"}',
    '{"pid":1,"annotations":5}',
    '{"pid":1,"annotations":{"io.containers.trace-syscall":"of:/a;of:/b"}}',
  ])('starts what refuses a state that is none in one line: %s', (input) => {
    const { status, stdout, stderr } = spawnCallgate(['hook', 'run'], { input });
    expect(status).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^callgate: [^\n]+\n$/);
    expect(stderr).not.toMatch(/no verb/);
  });
});

/** A way to start containers with the hook. */
interface Way {
  readonly name: string;
  readonly needs: readonly Requirement[];
  host(undo: Undo, root: string): Host;
  /** What of a plan makes the runtime start the hook. */
  hook(installed: { folder: string; content: HookFile }): Partial<Plan>;
  /** How many of the refused annotations it is tried with; all of them without it. */
  readonly refusals?: number;
}

const bundles = (runtime: 'runc' | 'crun', stage: 'prestart' | 'createRuntime'): Way => ({
  name: `a plain bundle of ${runtime}, hooks.${stage}`,
  needs: [runtime],
  host: (_, root) => bundleHost(runtime, root),
  hook: ({ content }) => ({ stages: { [stage]: [content.hook] } }),
});

const WAYS: readonly Way[] = [
  {
    name: 'podman --hooks-dir',
    needs: ['podman'],
    host: (undo, root) => engineHost(undo, 'podman', root),
    hook: ({ folder }) => ({ hooks: folder }),
  },
  bundles('runc', 'createRuntime'),
  bundles('runc', 'prestart'),
  // Takes half a minute for a container whose hook fails.
  { ...bundles('crun', 'createRuntime'), refusals: 2 },
];

/** The living processes that the hook may have left. */
function hooks(): string[] {
  return pids()
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .filter((line) => /callgate/.test(line) && /\bhook\b/.test(line) && !/vitest/.test(line));
}

/** Annotations that the hook refuses, by what is wrong with them; of a folder with files made for it. */
const REFUSED: readonly [string, (folder: string) => string][] = [
  ['nonsense', () => 'nonsense'],
  ['a key that does not exist', (folder: string) => `xf:${folder}/out.json`],
  ['a path outside', () => 'of:../out.json'],
  ['another absolute path', () => `of:${undo.folder()}/out.json`],
  ['a link as output', (folder: string) => `of:${folder}/link.json`],
  ['a link as folder', (folder: string) => `of:${folder}/elsewhere/out.json`],
  ['a link as input', (folder: string) => `if:link.json;of:${folder}/out.json`],
  ['a device', (folder: string) => `if:device;of:${folder}/out.json`],
  ['a pipe', (folder: string) => `if:pipe;of:${folder}/out.json`],
  ['no path', () => 'of:'],
  ['an input without an output', (folder: string) => `if:${folder}/in.json`],
  ['an input that does not exist', (folder: string) => `if:${folder}/no.json;of:${folder}/out.json`],
  ['an input that is no profile', (folder: string) => `if:${folder}/broken.json;of:${folder}/out.json`],
  ['a folder that does not exist', (folder: string) => `of:${folder}/no/such/out.json`],
  ['a folder instead of a file', (folder: string) => `of:${folder}/folder`],
];

describe.each(WAYS)('the hook in $name', (way) => {
  describeWith(['root', 'ebpf', 'strace', 'python3', ...way.needs], 'of a container', () => {
    let host: Host;
    let plan: Partial<Plan> = {};
    /** The folder that the hook was installed for. */
    let profiles: string;
    beforeEach(() => {
      profiles = undo.folder();
    });
    beforeAll(() => {
      host = way.host(always, makeRoot(always));
    });
    /** A container with the hook; without the annotation where that is undefined. */
    function withHook(
      annotation: string | undefined,
      command: readonly string[],
      more: Partial<Plan> = {},
    ): Plan {
      plan = way.hook(installed(undo, profiles));
      return {
        ...plan,
        command,
        ...(annotation ? { annotations: { [ANNOTATION]: annotation } } : {}),
        ...more,
      };
    }
    const profileIn = (file: string): Promise<Profile> =>
      until(`a profile in ${file}`, () => {
        try {
          return JSON.parse(readFileSync(file, 'utf8'));
        } catch {
          return undefined;
        }
      });
    async function expectNothingLeft(traces: KernelTraces): Promise<void> {
      await until(`no process of the hook: ${hooks().join('; ')}`, () => hooks().length === 0);
      await traces.expectNone();
    }

    it('starts what a container without the hook does too', () => {
      const { status, stdout, stderr } = host.run(undo, host.newName(), { command: shell(WORK) });
      expect([status, stdout, stderr]).toEqual([0, SAYS, '']);
      const other = host.run(undo, host.newName(), { command: FOREIGN });
      expect([other.status, other.stderr]).toEqual([0, '']);
    });

    it('writes a profile under which the container runs', { timeout: 120_000 }, async () => {
      const traces = new KernelTraces();
      const out = join(profiles, 'out.json');
      const { status, stdout, stderr } = host.run(undo, host.newName(), withHook(`of:${out}`, shell(WORK)));
      expect([status, stdout, stderr]).toEqual([0, SAYS, '']);
      const profile = await profileIn(out);
      expect(profile.defaultAction).toMatch(/^SCMP_ACT_(ERRNO|KILL|KILL_PROCESS)$/);
      const allowed = allowedBy(profile);
      expect(without(seenOutside(WORK), allowed)).toEqual([]);
      // The floor of every runtime, and nothing of its preparation before the filter.
      expect(without(['execve', 'close'], allowed)).toEqual([]);
      const foreign = [
        'mount',
        'pivot_root',
        'unshare',
        'setns',
        'ptrace',
        'bpf',
        'symlink',
        'seccomp',
        'kexec_load',
      ];
      expect(foreign.filter((name) => allowed.has(name))).toEqual([]);
      await expectNothingLeft(traces);

      for (let i = 0; i < 3; i++) {
        const again = host.run(undo, host.newName(), { command: shell(WORK), seccomp: out });
        expect([again.status, again.stdout, again.stderr]).toEqual([0, SAYS, '']);
      }
      const denied = host.run(undo, host.newName(), { command: FOREIGN, seccomp: out });
      expect(denied.status).not.toBe(0);
      expect(denied.stderr).toMatch(/link.*(not permitted|not implemented)/);
    });

    it('writes it when the container ends, and not before', { timeout: 120_000 }, async () => {
      const traces = new KernelTraces();
      const out = join(profiles, 'out.json');
      const name = host.newName();
      host.start(undo, name, withHook(`of:${out}`, shell('while :; do sleep 1; done')));
      expect(host.pid(name)).toBeGreaterThan(0);
      await until('a process of the hook', () => hooks().length > 0);
      expect(existsSync(out)).toBe(false);
      await host.stop(name);
      const allowed = allowedBy(await profileIn(out));
      expect(without(['clock_nanosleep', 'wait4'], allowed)).toEqual([]);
      await expectNothingLeft(traces);
    });

    it('adds what it saw to the profile that it is given', { timeout: 120_000 }, async () => {
      const [given, out] = [join(profiles, 'in.json'), join(profiles, 'out.json')];
      const rule = { names: ['symlink'], action: 'SCMP_ACT_ALLOW' };
      writeFileSync(given, JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [rule] }));
      const { status } = host.run(undo, host.newName(), withHook('if:in.json;of:out.json', shell(WORK)));
      expect(status).toBe(0);
      const allowed = allowedBy(await profileIn(out));
      expect(allowed).toContain('symlink');
      expect(without(seenOutside(WORK), allowed)).toEqual([]);
      expect(JSON.parse(readFileSync(given, 'utf8')).syscalls).toEqual([rule]);
    });

    it('allows nothing that the default of engines denies, whatever was called', {
      timeout: 120_000,
    }, async () => {
      const out = join(profiles, 'bounded.json');
      const command = ['/bin/busybox', 'unshare', '-U', '/bin/busybox', 'true'];
      // Under a filter of an engine it is denied already.
      host.run(undo, host.newName(), withHook(`of:${out}`, command));
      expect(allowedBy(await profileIn(out))).not.toContain('unshare');
    });

    // An engine's own filter denies it already, and where somebody else hears the log, no test does.
    if (way.needs[0] !== 'podman' && !existsSync('/dev/log'))
      it('tells the machine’s log what stayed out', { timeout: 120_000 }, async () => {
        const heard = join(undo.folder(), 'heard');
        const listener = spawn('python3', ['-c', LISTENER, heard], { stdio: 'ignore' });
        try {
          await until('somebody hears', () => existsSync('/dev/log'));
          const command = ['/bin/busybox', 'unshare', '-U', '/bin/busybox', 'true'];
          host.run(undo, host.newName(), withHook('of:told.json', command));
          await until(
            'it is told',
            () => existsSync(heard) && readFileSync(heard, 'utf8').includes('left out'),
          );
          expect(readFileSync(heard, 'utf8')).toMatch(
            /callgate: told\.json: left out: the workload called .*unshare.*, which stock:docker/,
          );
        } finally {
          listener.kill();
          rmSync('/dev/log', { force: true });
        }
      });

    it('leaves a container without the annotation alone', async () => {
      const traces = new KernelTraces();
      const result = host.run(undo, host.newName(), withHook(undefined, shell(WORK)));
      expect([result.status, result.stdout, result.stderr]).toEqual([0, SAYS, '']);
      const other = withHook(undefined, shell(WORK), {
        annotations: { 'another.annotation': 'of:/out.json' },
      });
      expect(host.run(undo, host.newName(), other).stdout).toBe(SAYS);
      expect(hooks()).toEqual([]);
      await expectNothingLeft(traces);
    });

    /** What is refused is the same whoever starts the hook; how the line arrives is not. */
    it.each(REFUSED.slice(0, way.refusals))('fails with one clear line: %s', async (_, annotation) => {
      const traces = new KernelTraces();
      const folder = profiles;
      mkdirSync(join(folder, 'folder'));
      writeFileSync(join(folder, 'in.json'), '{"defaultAction":"SCMP_ACT_ERRNO"}');
      writeFileSync(join(folder, 'broken.json'), '{"defaultAction": SECRET');
      const outside = join(undo.folder(), 'outside.json');
      writeFileSync(outside, '{"defaultAction": SECRET');
      symlinkSync(outside, join(folder, 'link.json'));
      symlinkSync(dirname(outside), join(folder, 'elsewhere'));
      execFileSync('mknod', [join(folder, 'device'), 'c', '1', '5']);
      execFileSync('mkfifo', [join(folder, 'pipe')]);
      const { status, stdout, stderr } = host.run(
        undo,
        host.newName(),
        withHook(annotation(folder), shell(WORK)),
      );
      expect(status).not.toBe(0);
      expect(stdout).toBe('');
      // Runtimes quote the line; some escape its end.
      expect(stderr.match(/callgate: [^\n]{10,}/g)).toHaveLength(1);
      expect(stderr).not.toMatch(/\n\s+at |Error:.*\bat\b.*\.js:|no verb/);
      expect(stderr).not.toMatch(/SECRET/);
      expect(readFileSync(outside, 'utf8')).toBe('{"defaultAction": SECRET');
      expect(readdirSync(dirname(outside))).toEqual(['outside.json']);
      expect(existsSync(join(folder, 'out.json'))).toBe(false);
      await expectNothingLeft(traces);
    });
  });
});

/** What strace sees of the same work outside of any container, in a shell of the same binary. */
function seenOutside(work: string): string[] {
  const folder = undo.folder();
  const inside = shell(work.replaceAll('/tmp', folder));
  const command = inside.map((word) => word.replaceAll('/bin/busybox', BUSYBOX));
  const seen = [...straced(command, join(folder, 'strace.log')).values()];
  expect(seen).toEqual(expect.arrayContaining(['mkdir', 'uname', 'execve']));
  return seen;
}
