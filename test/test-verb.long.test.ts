import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stockProfile } from '@callgate/engine/internal/stock/stock-profiles';
import { callgate } from '@callgate/testing/callgate';
import { BUSYBOX } from '@callgate/testing/containers';
import { importedImage, programRoot } from '@callgate/testing/program-image';
import { CALLGATE, Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { nginxConfig } from '@callgate/testing/served';
import { until } from '@callgate/testing/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Check {
  readonly name: string;
  readonly kind: string;
  readonly ok: boolean;
  readonly state: string;
  readonly confined: string;
  readonly control: string | null;
  readonly credit: string;
  readonly why: string;
}

const undo = new Undo();
const folder = undo.folder();
afterAll(() => undo.run());

/** Everything but these calls passes. */
function without(...names: string[]): string {
  const path = join(folder, `without-${names.join('-')}.json`);
  const rule = { names, action: 'SCMP_ACT_ERRNO' };
  const architectures = ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'];
  writeFileSync(path, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', architectures, syscalls: [rule] }));
  return path;
}

function specFile(name: string, spec: object): string {
  const path = join(folder, `${name}.test.json`);
  writeFileSync(path, JSON.stringify(spec));
  return path;
}

async function tested(...args: string[]) {
  const { status, stdout, stderr } = await callgate(['test', '--json', ...args]);
  const checks: readonly Check[] = stdout === '' ? [] : JSON.parse(stdout).checks;
  return { status, stderr, checks, of: (name: string) => checks.find((check) => check.name === name)! };
}

/** Docker's default, without the calls that make a folder. It denies what libseccomp does not know, too. */
const GOOD = join(folder, 'good.json');
const byDefault = JSON.parse(await stockProfile('docker')!.text());
const rules = byDefault.syscalls.map((rule: { names: string[] }) => ({
  ...rule,
  names: rule.names.filter((name) => name !== 'mkdir' && name !== 'mkdirat'),
}));
writeFileSync(GOOD, JSON.stringify({ ...byDefault, syscalls: rules }));
const NOTHING = join(folder, 'nothing.json');
writeFileSync(NOTHING, JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [] }));

/** Five tests as people write them with pytest: two of what works, three of what must not. */
const FIVE = {
  command: [BUSYBOX, 'sh', '-c', `echo hello; exec ${BUSYBOX} sleep 100`],
  functions: [
    { name: 'starts', alive: '300ms' },
    { name: 'prints', log: 'hello' },
  ],
  security: [{ attack: 'make-directory' }, { attack: 'mount' }, { call: 'bpf(0x1, 0x1)' }],
};

for (const engine of ['docker', 'podman', 'containerd', 'runc', 'crun'] as const)
  describeWith(
    engine === 'docker' || engine === 'podman' ? [engine] : [engine, 'root'],
    `five tests on ${engine}`,
    () => {
      let spec: string;
      beforeAll(() => {
        const root = programRoot(undo, []);
        const isEngine = engine === 'docker' || engine === 'podman';
        const what = isEngine
          ? { image: importedImage(undo, engine, root), options: ['--network', 'none'] }
          : engine === 'containerd'
            ? { image: root }
            : { rootfs: root };
        spec = specFile(engine, { engine, ...what, ...FIVE });
      });

      it('a good profile passes, and has no credit for what the kernel refuses anyway', async () => {
        const { status, checks, of } = await tested(spec, '--profile', GOOD);
        expect(checks.filter(({ ok }) => !ok)).toEqual([]);
        expect(status).toBe(0);
        expect(of('make-directory').credit).toBe('profile');
        expect(of('mount')).toMatchObject({ credit: 'kernel', control: 'EPERM' });
        expect(of('starts')).toMatchObject({ kind: 'function', confined: 'runs' });
      });

      it('a profile that lets nothing start passes nothing, and that was foreseen', async () => {
        const { status, stdout, stderr } = await callgate(['test', spec, '--profile', NOTHING, '--json']);
        const { checks, startFailure } = JSON.parse(stdout);
        expect(stderr).toBe(`callgate: nothing will start: ${startFailure.predicted}\n`);
        expect(status).toBe(1);
        expect(checks.map(({ state }: Check) => state)).toEqual(['failed', ...Array(5).fill('not run')]);
        expect(startFailure.predicted).toMatch(/(runc|crun) itself calls .*ERRNO\(EPERM\)/);
        expect(startFailure.said).not.toBe('');
      });

      it('no profile denies nothing', async () => {
        const { status, of } = await tested(spec, '--profile', 'stock:none');
        expect(status).toBe(1);
        expect(of('prints').ok).toBe(true);
        expect(of('make-directory')).toMatchObject({ ok: false, credit: 'none' });
        expect(of('mount')).toMatchObject({ ok: false, credit: 'kernel' });
      });

      it('a program that fails at once works only if it does so without the profile as well', async () => {
        const { functions: _, ...attacks } = JSON.parse(readFileSync(spec, 'utf8'));
        const ended = (name: string, ...command: string[]) =>
          tested(specFile(`${engine}-${name}`, { ...attacks, command }), '--profile', GOOD);
        const fails = await ended('fails', BUSYBOX, 'mkdir', '/folder');
        expect(fails.of('it works as without the profile')).toMatchObject({
          ok: false,
          confined: 'ends with 1',
          control: 'ends with 0',
        });
        expect((await ended('false', BUSYBOX, 'false')).of('it works as without the profile').ok).toBe(true);
      });

      it('a sibling of the denied call is seen', async () => {
        const { of } = await tested(spec, '--profile', without('mkdirat'));
        expect(of('make-directory')).toMatchObject({ ok: false, credit: 'none' });
        expect(of('make-directory').why).toBe('open: mkdir passes, though mkdirat is denied');
      });
    },
  );

describeWith(['docker', 'nginx', 'root'], 'servers in a container without a network', () => {
  let image: string;
  beforeAll(() => {
    const root = programRoot(undo, ['nginx', 'redis-server', 'redis-cli'], {
      'etc/nginx.conf': nginxConfig('8080', '/www', '/tmp'),
      'www/index.html': 'Welcome\n',
    });
    image = importedImage(undo, 'docker', root, [
      'HEALTHCHECK --interval=1s --timeout=2s CMD ["/usr/bin/redis-cli", "ping"]',
    ]);
  });
  const server = (more: object) => ({ engine: 'docker', image, options: ['--network', 'none'], ...more });

  it('a command that never ends gets the time that the spec says', async () => {
    const functions = [{ run: ['busybox', 'sleep', '1000'], within: '1s' }];
    const spec = specFile('endless', server({ command: ['busybox', 'sleep', '1000'], functions }));
    const began = performance.now();
    const { of } = await tested(spec, '--profile', 'stock:docker');
    expect(performance.now() - began).toBeLessThan(45_000);
    expect(of('busybox sleep 1000 works')).toMatchObject({ ok: false });
  });

  it('nginx serves its page', async () => {
    const command = ['/usr/sbin/nginx', '-c', '/etc/nginx.conf', '-e', 'stderr'];
    const url = 'http://127.0.0.1:8080/';
    const functions = [
      { http: url, body: 'Welcome' },
      { name: 'another page', http: `${url}no`, status: 404, within: '1s' },
      { name: 'another text', http: url, body: 'Goodbye', within: '500ms' },
      { name: 'another port', tcp: 9, within: '200ms' },
    ];
    const spec = specFile('nginx', server({ command, ready: { tcp: 8080 }, functions }));
    const { checks } = await tested(spec, '--profile', 'stock:docker');
    expect(checks.map(({ ok, why }) => [ok, why])).toEqual([
      [true, 'runs'],
      [true, '200'],
      [true, '404'],
      [false, '200 without "Goodbye"; it fails without the profile as well'],
      [false, 'ECONNREFUSED; it fails without the profile as well'],
    ]);
  });

  it('redis answers, and its health check passes; what the profile breaks is told from what was broken', async () => {
    const command = ['/usr/bin/redis-server', '--save', '', '--dir', '/tmp'];
    const functions = [
      { run: ['/usr/bin/redis-cli', 'ping'], output: 'PONG', within: '10s' },
      { health: true, within: '15s' },
      { name: 'makes a folder', run: ['/bin/busybox', 'mkdir', '/tmp/made'] },
      { name: 'is no shell', run: ['/bin/busybox', 'false'] },
    ];
    const spec = specFile('redis', server({ command, ready: { tcp: 6379 }, functions }));
    const { status, of } = await tested(spec, '--profile', GOOD);
    expect(status).toBe(1);
    expect(of('/usr/bin/redis-cli ping works with "PONG"').ok).toBe(true);
    expect(of('the health check of the image passes')).toMatchObject({ ok: true, confined: 'healthy' });
    expect(of('makes a folder').why).toMatch(/Operation not permitted.*works without the profile/);
    expect(of('is no shell').why).toMatch(/it fails without the profile as well/);
  });

  it('a running container is tried in one like it, under the same filter', async () => {
    const name = `callgate-subject-${process.pid}`;
    const options = ['--network', 'none', '--security-opt', `seccomp=${GOOD}`, '--name', name];
    spawnSync('docker', ['run', '-d', ...options, image, '/bin/busybox', 'sleep', '100']);
    try {
      const { stdout, status } = await callgate(['test', `docker:${name}`, '--json']);
      const { standIn, checks } = JSON.parse(stdout);
      expect(status).toBe(1);
      expect(standIn).toMatch(/a container of the same image.* under the filter that docker:/);
      const of = (check: string) => checks.find((one: Check) => one.name === check);
      expect(of('mount')).toMatchObject({ ok: true, credit: 'kernel' });
      expect(of('bpf').ok).toBe(true);
      expect(of('terminal-input')).toMatchObject({ ok: false, credit: 'none' });
    } finally {
      spawnSync('docker', ['rm', '-f', name]);
    }
  });

  it('an interruption leaves nothing behind', async () => {
    const spec = specFile(
      'waits',
      server({ command: ['/bin/busybox', 'sleep', '100'], functions: [{ alive: '60s' }] }),
    );
    const child = spawn(process.execPath, [CALLGATE, 'test', spec, '--profile', GOOD], { stdio: 'ignore' });
    const name = await until('a container', () => containersOf(child)[0]);
    expect(name).toBeDefined();
    child.kill('SIGINT');
    const status = await new Promise((resolve) => child.on('exit', resolve));
    expect(status).toBe(130);
    expect(containersOf(child)).toEqual([]);
    expect(readdirSync(tmpdir()).filter((file) => file.startsWith(`callgate-${child.pid}-`))).toEqual([]);
  });
});

function containersOf(child: ChildProcess): string[] {
  const { stdout } = spawnSync('docker', ['ps', '-a', '--format', '{{.Names}}'], { encoding: 'utf8' });
  return stdout.split('\n').filter((name) => name.startsWith(`callgate-${child.pid}-`));
}

describe('on this machine', () => {
  it('a command works as without the profile, and attacks do not', async () => {
    const { status, of, checks } = await tested('--profile', 'stock:docker', '--', 'ls', '/');
    expect(of('it works as without the profile')).toMatchObject({ ok: true, confined: 'ends with 0' });
    expect(of('bpf')).toMatchObject({ ok: true });
    expect(checks.length).toBeGreaterThan(20);
    expect([0, 1]).toContain(status);
  });

  it('what the profile breaks is told', async () => {
    const { status, of } = await tested('--profile', without('mkdir'), '--', 'mkdir', join(folder, 'made'));
    expect(status).toBe(1);
    expect(of('it works as without the profile').why).toMatch(
      /ends with 1, and with 0 without the profile.*not permitted/,
    );
  });

  it('a spec with a call says whose merit it is', async () => {
    const security = [
      { call: 'mkdir(0x1, 0o755)' },
      { call: 'rmdir(0x1)' },
      { call: 'rmdir(0x1)', expect: 'allowed', name: 'rmdir' },
      { default: 'docker' },
    ];
    const spec = specFile('host', { command: ['true'], profile: without('mkdir'), security });
    const { of } = await tested(spec);
    expect(of('mkdir(0x1, 0o755) is denied')).toMatchObject({
      ok: true,
      credit: 'profile',
      confined: 'EPERM',
      control: 'EFAULT',
    });
    expect(of('rmdir(0x1) is denied')).toMatchObject({ ok: false, credit: 'none' });
    expect(of('rmdir')).toMatchObject({ ok: true });
    expect(of('nothing that the default of docker denies').why).toMatch(
      /^looser than the default of docker: /,
    );
  });

  it('a process is tried under the filter that it runs under', async () => {
    const child = spawn('sleep', ['30'], { stdio: 'ignore' });
    try {
      const { stdout } = await callgate(['test', `pid:${child.pid}`, '--json']);
      expect(JSON.parse(stdout).standIn).toContain('under no filter');
    } finally {
      child.kill();
    }
  });

  it.each([
    [[], /nothing to test/],
    [['--', 'ls'], /no profile is given/],
    [['a.yaml', 'b.yaml'], /one thing is tested at a time/],
    [['a.yaml', '--', 'ls'], /leave out the command/],
    [['no-such-spec.yaml'], /cannot read no-such-spec.yaml/],
    [['pid:1', '--profile', 'stock:docker'], /runs already/],
    [['--profile', 'stock:docker', '--engine', 'docker', '--', 'ls'], /needs a spec that says the image/],
    [['--profile', 'stock:docker', '--', '/no/such/program'], /starts nothing without the profile, either/],
  ])('%j cannot be tested', async (args, message) => {
    const { status, stderr, stdout } = await callgate(['test', ...(args as string[])]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message as RegExp);
  });

  it('says that runtimes alone have no images', async () => {
    const spec = specFile('no-image', { engine: 'crun', image: 'web', command: ['true'] });
    const { status, stderr } = await callgate(['test', spec, '--profile', 'stock:docker']);
    expect(status).toBe(2);
    expect(stderr).toContain('crun by itself has no images');
  });

  it('says where the spec is wrong', async () => {
    const spec = specFile('wrong', { security: [{ attack: 'mout' }] });
    const { status, stderr } = await callgate(['test', spec, '--profile', 'stock:docker']);
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /wrong\.test\.json:1:\d+: .*no known attack.*did you mean "mount"\? \[bad-spec\]/s,
    );
  });
});
