import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allowedCalls } from '@callgate/engine/internal/analysis/allowed-calls';
import { lowerProfile } from '@callgate/engine/internal/policy/lower';
import { parseProfile } from '@callgate/engine/internal/profile/parse';
import { callgate } from '@callgate/testing/callgate';
import { PODMAN_RUN } from '@callgate/testing/containers';
import { CopiedImage } from '@callgate/testing/copied-image';
import { describeWith } from '@callgate/testing/requirements';
import { until } from '@callgate/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const BIN = join(import.meta.dirname, '../packages/cli/bin/callgate.js');
const folder = mkdtempSync(join(tmpdir(), 'callgate-try-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Containers of a callgate with that process id, running or not. */
function containersOf(engine: 'docker' | 'podman', pid: number): string[] {
  const names = execFileSync(engine, ['ps', '-a', '--format', '{{.Names}}']).toString().split('\n');
  return names.filter((name) => name.startsWith(`callgate-${pid}-`));
}

function allowedBy(file: string): string[] {
  const target = { native: 'x86_64', kernel: { major: 6, minor: 18 }, capabilities: [] } as const;
  const { value } = parseProfile(readFileSync(file, 'utf8'));
  return allowedCalls(lowerProfile(value!, target).value!).map(({ name }) => name);
}

describe.each(['docker', 'podman'] as const)('with %s', (engine) => {
  describeWith(['root', 'ebpf', engine, 'busybox', 'redis'], 'try', () => {
    const image = new CopiedImage(engine, 'redis');
    beforeAll(() => image.create('/usr/bin/redis-server', '/usr/bin/redis-cli'));
    afterAll(() => image.remove());

    it('finds a profile for a server that is healthy under it, tighter than the default', () => {
      const file = join(folder, `${engine}.json`);
      const run = [engine, 'run', '-d', '--rm', '--name', 'web', '--network=none', image.tag];
      const spec = join(folder, 'redis.test.json');
      const functions = [{ run: ['redis-cli', 'set', 'a', 'b'], output: 'OK' }, { tcp: 6379 }];
      writeFileSync(spec, JSON.stringify({ functions, security: [] }));
      const checks = ['--health', 'redis-cli ping', '--spec', spec];
      const flags = ['--json', ...checks, '--duration', '200ms', '-o', file];
      const { status, stdout, stderr, pid } = spawnSync(
        process.execPath,
        [BIN, 'try', ...flags, '--', ...run, 'redis-server'],
        { encoding: 'utf8' },
      );
      expect([status, stderr]).toEqual([0, '']);
      const said = JSON.parse(stdout);
      expect(said.ok).toBe(true);
      expect(said.steps[0].kind).toBe('record');
      expect(said.steps.at(-1)).toMatchObject({ kind: 'enforced', endedByItself: false });
      const { calls, instructions, from, looser } = said.comparison;
      expect(looser).toEqual([]);
      expect(from).toBe('read');
      expect(calls.own).toBeLessThan(calls.bound / 2);
      expect(instructions.own).toBeLessThan(instructions.bound / 4);
      expect(allowedBy(file)).toContain('epoll_wait');
      expect(allowedBy(file)).not.toContain('ptrace');
      expect(containersOf(engine, pid)).toEqual([]);
    });
  });
});

describeWith(['root', 'ebpf', 'docker', 'busybox'], 'try', () => {
  const image = new CopiedImage('docker', 'busybox');
  beforeAll(() => image.create());
  afterAll(() => image.remove());
  const run = (...words: readonly string[]) => ['--', 'docker', 'run', '--network=none', ...words];

  it('adds what one run did not show, in the shadow and then under the profile', async () => {
    const state = mkdtempSync(join(folder, 'state-'));
    // Each run says how many there were before it, by a line of its own.
    const script =
      'echo x >> /state/n; set -- $(cat /state/n); case $# in 2) mkdir /state/d;; 4) mkfifo /state/f || exit 1;; esac; exit 0';
    const { status, stdout } = await callgate([
      'try',
      '--json',
      ...run('-v', `${state}:/state`, image.tag, 'sh', '-c', script),
    ]);
    const { steps, ok } = JSON.parse(stdout);
    const told = steps.map(({ kind, added }: { kind: string; added: { name: string }[] }) => [
      kind,
      added.map(({ name }) => name).filter((name) => name === 'mkdir' || name.startsWith('mknod')),
    ]);
    expect(told).toEqual([
      ['record', []],
      ['shadow', ['mkdir']],
      ['shadow', []],
      ['enforced', [expect.stringMatching(/^mknod/)]],
      ['enforced', []],
    ]);
    expect(steps[3].added.find(({ name }: { name: string }) => name.startsWith('mknod'))).toMatchObject({
      process: 'mkfifo',
      phase: 'run',
    });
    expect([status, ok]).toEqual([0, true]);
  });

  it('tells which check of a spec does not hold without the profile either', async () => {
    const spec = join(folder, 'wrong.test.json');
    writeFileSync(spec, JSON.stringify({ functions: [{ name: 'speaks', log: 'hello' }], security: [] }));
    const { status, stderr } = await callgate(['try', '--spec', spec, ...run(image.tag, 'true')]);
    expect(status).toBe(2);
    expect(stderr).toContain('speaks: ');
  });

  it('is never looser than the default unless that is asked for', async () => {
    const words = run(image.tag, 'unshare', '-U', 'true');
    const tight = join(folder, 'tight.json');
    const loose = join(folder, 'loose.json');
    expect((await callgate(['try', '-o', tight, ...words])).status).toBe(0);
    expect(allowedBy(tight)).not.toContain('unshare');
    const { status, stdout } = await callgate(['try', '--looser', '-o', loose, ...words]);
    expect(status).toBe(0);
    expect(allowedBy(loose)).toContain('unshare');
    expect(stdout).toMatch(/looser +– +1 call +unshare/);
  });

  it.each([
    [['busybox', 'wget', 'http://127.0.0.1:1/'], false],
    [['busybox', 'arping', '-c', '1', '-w', '1', '-I', 'lo', '127.0.0.1'], true],
  ])('allows sockets of unusual families only where it needs them: %j', async (words, needs) => {
    const file = join(folder, `sockets-${needs}.json`);
    const { status, stdout } = await callgate(['try', '--json', '-o', file, ...run(image.tag, ...words)]);
    const { steps } = JSON.parse(stdout);
    const added = steps.flatMap((step: { added: { name: string }[] }) => step.added.map(({ name }) => name));
    expect([status, added.includes('socket')]).toEqual([0, needs]);
    const packet = await callgate(['explain', file, 'socket', 'AF_PACKET']);
    expect(packet.status).toBe(needs ? 0 : 1);
    expect((await callgate(['explain', file, 'socket', 'AF_INET6'])).status).toBe(0);
    // What lint says of every profile is said of this one, too: it is held against the newest default.
    const looser = await callgate(['lint', file, '--runtime', 'docker']);
    if (!needs) expect(looser, looser.stdout).toMatchObject({ status: 0 });
  });

  it('has nothing to say of what does not work without the profile either', async () => {
    const { status, stdout, stderr } = await callgate([
      'try',
      '--timeout',
      '1s',
      ...run(image.tag, 'no-such'),
    ]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^callgate: it does not work without the profile: [^\n]*no-such[^\n]*\n$/);
    expect(containersOf('docker', process.pid)).toEqual([]);
  });

  it('leaves no container behind when it is interrupted', async () => {
    const listeners = new Map<string, () => void>();
    const running = callgate(['try', '--duration', '60s', ...run(image.tag, 'sleep', '600')], {
      onSignal(signal, listener) {
        listeners.set(signal, listener);
        return () => {};
      },
    });
    await until('a container', () => containersOf('docker', process.pid).length > 0);
    listeners.get('SIGINT')!();
    const { status, stderr } = await running;
    expect([status, stderr]).toEqual([130, 'callgate: stopped by SIGINT\n']);
    expect(containersOf('docker', process.pid)).toEqual([]);
  });

  it.each([
    ['--health', 'sleep 61'],
    ['--check', 'echo begun >FILE; sleep 62; true'],
  ])('is interrupted in the middle of %s, and that ends, too', async (flag, command) => {
    const begun = join(folder, `begun${flag}`);
    const listeners = new Map<string, () => void>();
    const running = callgate(
      ['try', flag, command.replace('FILE', begun), ...run(image.tag, 'sleep', '600')],
      {
        onSignal(signal, listener) {
          listeners.set(signal, listener);
          return () => {};
        },
      },
    );
    const sleeps = () => spawnSync('pgrep', ['-fx', 'sleep 6[12]']).stdout.toString();
    await until('the command', () => sleeps() !== '');
    const since = performance.now();
    listeners.get('SIGTERM')!();
    expect((await running).status).toBe(143);
    expect(performance.now() - since).toBeLessThan(30_000);
    expect(sleeps()).toBe('');
    expect(containersOf('docker', process.pid)).toEqual([]);
  });

  it.each([
    [
      ['docker', 'run', '--privileged', 'x'],
      'a privileged container runs without a filter; leave --privileged out',
    ],
    [
      ['docker', 'run', '--security-opt', 'seccomp=x', 'x'],
      'the profile is what is looked for: leave --security-opt seccomp=… out',
    ],
    [['docker', 'ps'], '"docker ps" starts no container; write: callgate try … -- docker run … IMAGE …'],
  ])('refuses %j in one line', async (words, message) => {
    const { status, stderr } = await callgate(['try', '--', ...words]);
    expect([status, stderr]).toEqual([2, `callgate: ${message}\n`]);
  });
});

describe.each(['docker', 'podman'] as const)('record -- %s run', (engine) => {
  describeWith(['root', 'ebpf', engine, 'busybox'], 'of a container', () => {
    const image = new CopiedImage(engine, 'recorded');
    beforeAll(() => image.create());
    afterAll(() => image.remove());
    const words = (...more: readonly string[]) =>
      engine === 'docker' ? ['docker', 'run', '--network=none', ...more] : ['podman', ...PODMAN_RUN, ...more];
    const record = (flags: readonly string[], ...command: readonly string[]) =>
      spawnSync(process.execPath, [BIN, 'record', ...flags, '--', ...command], { input: 'typed\n' });

    it('records the container and not its client, with its input, output and status', () => {
      const end = record(
        ['--json', '-q'],
        ...words('--rm', '-i', image.tag, 'sh', '-c', 'cat; mkdir /x; exit 7'),
      );
      const [line, ...json] = end.stdout.toString().split('\n');
      expect([end.status, line]).toEqual([7, 'typed']);
      const { observations } = JSON.parse(json.join('\n'));
      const names = new Set(observations.map(({ name }: { name: string }) => name));
      expect(names.has('mkdir')).toBe(true);
      // The client waits for its engine by this.
      expect(names.has('epoll_pwait')).toBe(false);
      expect(observations.some(({ phase }: { phase: string }) => phase === 'runtime')).toBe(true);
    });

    it('says so when none has begun', () => {
      const end = record([], ...words('--rm', 'callgate-no-such-image:1', 'true'));
      expect(end.status).toBe(125);
      expect(end.stderr.toString()).toMatch(/started no container on this machine: nothing was recorded\n$/);
    });

    it('takes no other container for one that did not start', async () => {
      const name = `callgate-test-${process.pid}-busy`;
      const busy = ['-d', '--name', name, image.tag, 'sh', '-c', 'while :; do mkdir /x; sleep 0.1; done'];
      const [program, ...start] = words(...busy);
      execFileSync(program, start);
      try {
        const end = record([], ...words('--rm', image.tag, 'no-such-program'));
        expect(end.stderr.toString()).toMatch(
          /started no container on this machine: nothing was recorded\n$/,
        );
      } finally {
        spawnSync(engine, ['rm', '-f', name], { stdio: 'ignore' });
      }
    });

    it('goes on when the client has gone, until Ctrl-C', async () => {
      const name = `callgate-test-${process.pid}-detached`;
      const child = spawn(
        process.execPath,
        [BIN, 'record', '--', ...words('-d', '--name', name, image.tag, 'sleep', '600')],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      let said = '';
      child.stderr.on('data', (chunk) => {
        said += chunk;
      });
      try {
        await until('the client’s end', () => said.includes('goes on without its client'));
        child.kill('SIGINT');
        await until('the end', () => child.exitCode !== null);
        expect(child.exitCode).toBe(0);
        expect(said).toMatch(/\d+ system calls/);
        expect(spawnSync(engine, ['inspect', '--format', '{{.State.Running}}', name]).stdout.toString()).toBe(
          'true\n',
        );
      } finally {
        spawnSync(engine, ['rm', '-f', name], { stdio: 'ignore' });
      }
    });
  });
});
