import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Observation } from '@callgate/engine/internal/recording/recording';
import { readSource } from '@callgate/engine/internal/source/read';
import { parseSpec } from '@callgate/engine/internal/spec/read-spec';
import { abiOf } from '@callgate/engine/internal/syscalls/arch';
import { numberOf } from '@callgate/engine/internal/syscalls/lookup';
import { ATTACK_CATEGORIES, ATTACK_IDS } from '@callgate/linux/internal/trials/attacks';
import { callgate, spawnCallgate } from '@callgate/testing/callgate';
import { BUSYBOX, Containers } from '@callgate/testing/containers';
import { recordingOf } from '@callgate/testing/recordings';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, describe, expect, it } from 'vitest';

const KNOWN_CHECKS = {
  attacks: ATTACK_IDS,
  categories: ATTACK_CATEGORIES.map(({ id }) => id),
  defaults: ['docker', 'containerd', 'podman'],
};

const made: string[] = [];
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'init-'));
  made.push(path);
  return path;
}
afterAll(() => {
  for (const path of made) rmSync(path, { recursive: true, force: true });
});

const files = (cwd: string) =>
  readdirSync(cwd, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(cwd.length + 1))
    .sort();

const call = { arch: 'x86_64', count: 1, phase: 'run', denied: 0 } as const;

function recording(cwd: string): string {
  const path = join(cwd, 'rec.json');
  // What the loader of a C library calls, too, or no program would start.
  const names =
    'execve brk mmap mprotect munmap openat read pread64 pwrite64 write close newfstatat fstat arch_prctl set_tid_address set_robust_list rseq prlimit64 getrandom socket exit_group'.split(
      ' ',
    );
  const seen = names.map((name): Observation => ({ ...call, name, nr: numberOf('x86_64', name)! }));
  writeFileSync(path, JSON.stringify(recordingOf(seen)));
  return path;
}

const WAYS = ['docker', 'kubernetes'].flatMap((engine) =>
  ['github', 'gitlab'].flatMap((ci) => [false, true].map((isRecorded) => ({ engine, ci, isRecorded }))),
);

describe.each(WAYS)(
  'init for $engine and $ci, from a recording: $isRecorded',
  ({ engine, ci, isRecorded }) => {
    const start = async () => {
      const cwd = folder();
      const from = isRecorded ? ['--recording', recording(folder())] : [];
      const args = [
        'init',
        '--engine',
        engine,
        '--ci',
        ci,
        '--image',
        'registry.example.com:5000/team/web:1.0',
        ...from,
      ];
      const result = await callgate(args, { cwd });
      expect(result.status, result.stderr).toBe(0);
      return cwd;
    };

    it('writes what passes its own checks', async () => {
      const cwd = await start();
      expect(files(cwd)).toEqual(
        [
          ci === 'github' ? '.github/workflows/seccomp.yml' : '.gitlab-ci.yml',
          'callgate.config.yaml',
          ...(engine === 'kubernetes' ? ['k8s/web-seccomp.yaml', 'k8s/web.yaml'] : []),
          'profiles/README.md',
          'profiles/web.json',
          'tests/seccomp/web.yaml',
        ].sort(),
      );
      const lint = await callgate(['lint', 'profiles/'], { cwd });
      expect(lint, lint.stdout).toMatchObject({ status: 0 });
      const gate = await callgate(['gate', 'profiles', 'profiles'], { cwd });
      expect(gate).toMatchObject({ status: 0 });
      for (const name of files(cwd).filter((file) => /\.ya?ml$/.test(file) && !file.includes('seccomp.yaml')))
        expect(readSource(readFileSync(join(cwd, name), 'utf8'), 'yaml').diagnostics, name).toEqual([]);
      const spec = readFileSync(join(cwd, 'tests/seccomp/web.yaml'), 'utf8');
      expect(parseSpec('web.yaml', spec, KNOWN_CHECKS, abiOf('x86_64')).diagnostics).toEqual([]);
      const readme = readFileSync(join(cwd, 'profiles/README.md'), 'utf8');
      expect(readme.split('\n').length).toBeLessThan(32);
      expect(readme).not.toContain('undefined');
      if (engine !== 'kubernetes') return;
      expect(await callgate(['audit', 'k8s/'], { cwd })).toMatchObject({ status: 0 });
      const shipped = await callgate(['diff', 'k8s/web-seccomp.yaml', 'profiles/web.json'], { cwd });
      expect(shipped, 'what is on the nodes is the profile').toMatchObject({ status: 0 });
    });

    if (ci === 'github')
      describeWith(['actionlint'], 'its workflow', () => {
        it('is one', async () => {
          const cwd = await start();
          const { status, stdout } = spawnSync('actionlint', ['.github/workflows/seccomp.yml'], {
            cwd,
            encoding: 'utf8',
          });
          expect(status, stdout).toBe(0);
        });
      });
  },
);

describe('init', () => {
  it('writes over nothing, and nothing at all then', async () => {
    const cwd = folder();
    writeFileSync(join(cwd, 'callgate.config.yaml'), 'mine\n');
    const refused = await callgate(['init', '--name', 'web'], { cwd });
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('callgate.config.yaml');
    expect(files(cwd)).toEqual(['callgate.config.yaml']);
    expect(await callgate(['init', '--name', 'web', '--force', '--json'], { cwd })).toMatchObject({
      status: 0,
    });
    expect(readFileSync(join(cwd, 'callgate.config.yaml'), 'utf8')).toContain('targets:');
  });

  it('makes the profile anew from a recording, as its README says, and it passes its checks', async () => {
    const cwd = folder();
    expect(await callgate(['init', '--name', 'web'], { cwd })).toMatchObject({ status: 0 });
    const readme = readFileSync(join(cwd, 'profiles/README.md'), 'utf8');
    const [, command] = /^ {4}callgate (init --recording rec\.json .*)$/m.exec(readme)!;
    writeFileSync(join(cwd, 'callgate.config.yaml'), 'failOn: low\n');
    const rec = recording(cwd);
    expect(rec).toBe(join(cwd, 'rec.json'));
    expect(await callgate(command.split(' '), { cwd })).toMatchObject({
      status: 0,
      stdout: 'wrote profiles/web.json\n',
    });
    expect(readFileSync(join(cwd, 'callgate.config.yaml'), 'utf8')).toBe('failOn: low\n');
    const lint = await callgate(['lint', 'profiles/', '--runtime', 'docker'], { cwd });
    expect(lint, lint.stdout).toMatchObject({ status: 0 });
    expect(await callgate(['init', '--name', 'web', '--profile-only'], { cwd })).toMatchObject({ status: 2 });
  });

  it('allows no family of sockets that the default denies, though it was recorded', async () => {
    const cwd = folder();
    const path = join(cwd, 'sockets.json');
    const args = ['40', '17'].map((family) => ({ values: [family, '1', '0'], count: 1 }));
    const socket = { ...call, name: 'socket', nr: numberOf('x86_64', 'socket')!, args };
    writeFileSync(path, JSON.stringify(recordingOf([socket])));
    const made = await callgate(['init', '--name', 'web', '--recording', path], { cwd });
    expect(made).toMatchObject({ status: 0, stderr: expect.stringContaining('proven not looser') });
    const { stdout } = await callgate(['diff', 'stock:docker', 'profiles/web.json', '--json'], { cwd });
    const changes = JSON.parse(stdout).differences.map(({ change }: { change: string }) => change);
    expect(changes).not.toContain('loosened');
    const packet = await callgate(['explain', 'profiles/web.json', 'socket', '17'], { cwd });
    expect(packet.stdout).toContain('ALLOW');
  });

  it('takes back what it wrote when the rest cannot be written', async () => {
    const cwd = folder();
    // A file where a folder has to be.
    writeFileSync(join(cwd, 'tests'), '');
    const result = await callgate(['init', 'sub/..', '--name', 'web'], { cwd });
    expect(result.status).toBe(2);
    expect(files(cwd)).toEqual(['tests']);
    expect(existsSync(join(cwd, 'profiles'))).toBe(false);
  });

  it.each([
    ['--name', 'Web App'],
    ['--name', '../x'],
    ['--image', 'a\nb'],
    ['--image', '-v'],
    ['--engine', 'lxc'],
    ['--recording', '/none.json'],
  ])('refuses %s %s', async (...words) => {
    const cwd = folder();
    const { status, stderr } = await callgate(['init', ...words], { cwd });
    expect(status).toBe(2);
    expect(stderr.trim().split('\n').length).toBe(1);
    expect(files(cwd)).toEqual([]);
  });
});

describeWith(['docker', 'busybox'], 'the profile to begin with', () => {
  it('starts a container in Docker, and denies what it says', async () => {
    const cwd = folder();
    await callgate(['init', '--name', 'web', '-q'], { cwd });
    const containers = new Containers('docker');
    try {
      containers.create();
      const name = containers.start(`--security-opt=seccomp=${join(cwd, 'profiles/web.json')}`);
      const run = (...words: string[]) =>
        spawnSync('docker', ['exec', name, BUSYBOX, ...words], { encoding: 'utf8' });
      expect(run('ls', '/')).toMatchObject({ status: 0 });
      expect(run('mknod', '/null', 'c', '1', '3').stderr).toContain('Operation not permitted');
    } finally {
      containers.remove();
    }
  });

  it.each(['docker', 'kubernetes'])('passes its own test, for %s', { timeout: 60_000 }, async (engine) => {
    const cwd = folder();
    const containers = new Containers('docker');
    try {
      containers.create();
      const image = containers.imageName;
      await callgate(['init', '--name', 'web', '--engine', engine, '--image', image, '-q'], { cwd });
      const spec = join(cwd, 'tests/seccomp/web.yaml');
      const written = readFileSync(spec, 'utf8');
      // The image says no command, and this machine may have no bridge.
      const command = 'options: [--network=none]\ncommand: [/bin/busybox, sleep, "60"]';
      writeFileSync(spec, written.replace('options: []', command).replace('alive: 5s', 'alive: 1s'));
      const result = spawnCallgate(['test', spec, '--json'], { cwd });
      const { checks } = JSON.parse(result.stdout);
      expect(checks.filter(({ ok }: { readonly ok: boolean }) => !ok)).toEqual([]);
      expect(result.status).toBe(0);
    } finally {
      containers.remove();
    }
  });
});
