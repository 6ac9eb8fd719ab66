import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callgate } from '@callgate/testing/callgate';
import { describeWith } from '@callgate/testing/requirements';
import { until } from '@callgate/testing/until';
import { afterAll, beforeAll, expect, it } from 'vitest';

const PORT = 5000 + (process.pid % 1000);
const HOST = `localhost:${PORT}`;
const PROFILE = {
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls: [
    { names: ['read', 'write'], action: 'SCMP_ACT_ALLOW' },
    { names: ['ioctl'], action: 'SCMP_ACT_ALLOW', args: [{ index: 1, value: 0x5401, op: 'SCMP_CMP_EQ' }] },
  ],
};

describeWith(['docker-registry', 'skopeo'], 'a real registry', () => {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-registry-'));
  const path = (name: string) => join(folder, name);
  let server: ChildProcess;

  beforeAll(async () => {
    writeFileSync(path('profile.json'), JSON.stringify(PROFILE));
    const config = { version: '0.1', storage: { filesystem: { rootdirectory: path('data') } } };
    writeFileSync(path('config.yml'), JSON.stringify({ ...config, http: { addr: `127.0.0.1:${PORT}` } }));
    server = spawn('docker-registry', ['serve', path('config.yml')], { stdio: 'ignore' });
    let isUp = false;
    const asking = setInterval(
      () =>
        fetch(`http://${HOST}/v2/`).then(
          () => {
            isUp = true;
          },
          () => {},
        ),
      50,
    );
    await until('the registry answers', () => isUp);
    clearInterval(asking);
  });
  afterAll(() => {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  const push = async (name: string) => {
    const { status, stdout, stderr } = await callgate(['push', path('profile.json'), `${HOST}/${name}`]);
    expect([status, stderr]).toEqual([0, '']);
    return stdout.trim();
  };
  const skopeo = (...args: string[]) => execFileSync('skopeo', args, { encoding: 'utf8', stdio: 'pipe' });
  const isProfile = async (subject: string) =>
    (await callgate(['diff', subject, path('profile.json'), '-q'])).status === 0;

  it('takes a profile, and gives it back by its tag and by its digest', async () => {
    const pinned = await push('team/web:1');
    expect(pinned).toMatch(new RegExp(`^${HOST}/team/web@sha256:[0-9a-f]{64}$`));
    for (const reference of [`${HOST}/team/web:1`, pinned]) {
      expect((await callgate(['pull', reference, '-o', path('back.json')])).stderr).toContain(pinned);
      expect(await isProfile(path('back.json'))).toBe(true);
    }
  });

  it('has the same digest however often it is pushed, and as a layout', async () => {
    const pinned = await push('team/again:1');
    expect(await push('team/again:1')).toBe(pinned);
    const { stderr } = await callgate([
      'convert',
      path('profile.json'),
      '--to',
      'oci-artifact',
      '-o',
      path('layout.tar'),
    ]);
    expect(stderr).toContain(pinned.split('@')[1]);
  });

  it('is what skopeo shows and copies', async () => {
    await push('team/shown:1');
    const reference = `docker://${HOST}/team/shown:1`;
    const manifest = JSON.parse(skopeo('inspect', '--raw', '--tls-verify=false', reference));
    expect(manifest).toMatchObject({
      schemaVersion: 2,
      config: { mediaType: 'application/vnd.cncf.seccomp-profile.config.v1+json', size: 2 },
      layers: [{ mediaType: 'application/json' }],
    });
    skopeo('copy', '--src-tls-verify=false', reference, `oci:${path('copied')}:web`);
    expect(await isProfile(path('copied'))).toBe(true);
    skopeo('copy', '--src-tls-verify=false', reference, `oci-archive:${path('copied.tar')}:web`);
    expect(await isProfile(path('copied.tar'))).toBe(true);
  });

  it('takes from skopeo what callgate has written as a layout', async () => {
    await callgate(['convert', path('profile.json'), '--to', 'oci-artifact', '-o', path('layout/')]);
    skopeo(
      'copy',
      '--dest-tls-verify=false',
      `oci:${path('layout')}:profile`,
      `docker://${HOST}/team/layout:1`,
    );
    const { status, stdout } = await callgate(['pull', `${HOST}/team/layout:1`, '--json']);
    expect(status).toBe(0);
    writeFileSync(path('pulled.json'), JSON.parse(stdout).text);
    expect(await isProfile(path('pulled.json'))).toBe(true);
    expect(JSON.parse(stdout).digest).toBe((await push('team/layout:2')).split('@')[1]);
  });

  it('gives no bytes that are not what their digest says', async () => {
    const pinned = await push('team/spoiled:1');
    const { layers } = JSON.parse(
      skopeo('inspect', '--raw', '--tls-verify=false', `docker://${HOST}/team/spoiled:1`),
    );
    const hex = layers[0].digest.slice('sha256:'.length);
    const blob = path(`data/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`);
    const bytes = readFileSync(blob, 'utf8');
    writeFileSync(blob, bytes.replace('SCMP_ACT_ERRNO', 'SCMP_ACT_ALLOW'));
    const { status, stdout, stderr } = await callgate(['pull', pinned]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/another digest|and not \d+/);
    writeFileSync(blob, bytes);
  });

  it('acts on no terminal by what lies in it', async () => {
    const { status } = await callgate(['pull', await push('team/plain:1')], { isTTY: true });
    expect(status).toBe(0);
    await callgate(['convert', path('profile.json'), '--to', 'oci-artifact', '-o', `${path('hostile')}/`]);
    const index = JSON.parse(readFileSync(path('hostile/index.json'), 'utf8'));
    const blob = (digest: string) => path(`hostile/blobs/${digest.replace(':', '/')}`);
    const kept = (text: string) => {
      const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
      writeFileSync(blob(digest), text);
      return { digest, size: Buffer.byteLength(text) };
    };
    const manifest = JSON.parse(readFileSync(blob(index.manifests[0].digest), 'utf8'));
    Object.assign(manifest.layers[0], kept('{"defaultAction": "SCMP_ACT_ALLOW", "x": "\u001b[2J\u009b"}'));
    Object.assign(index.manifests[0], kept(JSON.stringify(manifest)));
    writeFileSync(path('hostile/index.json'), JSON.stringify(index));
    const reference = `${HOST}/team/hostile:1`;
    skopeo('copy', '--dest-tls-verify=false', `oci:${path('hostile')}:profile`, `docker://${reference}`);
    const shown = await callgate(['pull', reference], { isTTY: true });
    expect(shown).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('give a file with -o'),
    });
    expect((await callgate(['pull', reference, '-o', path('hostile.json')], { isTTY: true })).status).toBe(0);
  });

  it('is not given what runtimes refuse of an artifact', async () => {
    const asking = {
      ...PROFILE,
      listenerPath: '/run/agent.sock',
      syscalls: [...PROFILE.syscalls, { names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }],
    };
    writeFileSync(path('asking.json'), JSON.stringify(asking));
    const { status, stdout, stderr } = await callgate(['push', path('asking.json'), `${HOST}/team/asking:1`]);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('[carrier-limit]');
    const pulled = await callgate(['pull', `${HOST}/team/asking:1`]);
    expect([pulled.status, pulled.stderr]).toEqual([2, expect.stringContaining('no such thing (404)')]);
  });
});
