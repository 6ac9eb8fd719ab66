import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callgate } from '@callgate/testing/callgate';
import { CARRIERS } from '@callgate/workload/internal/carriers/carriers';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-convert-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string) => join(folder, name);
const written = (name: string, text: string) => {
  writeFileSync(path(name), text);
  return path(name);
};

const DENY = written(
  'deny.json',
  '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [\n  {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5}\n]}',
);
const LARGE = written(
  'large.json',
  `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
  {"names": ["cachestat"], "action": "SCMP_ACT_ALLOW"},
  {"names": ["lseek"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": 18446744073709551615, "op": "SCMP_CMP_EQ"}]}
]}`,
);
/** Where the number stands in its line. */
const COLUMN = readFileSync(LARGE, 'utf8').split('\n')[2].indexOf('18446744073709551615') + 1;
const run = (...args: string[]) => callgate(['convert', ...args]);
const equalTo = async (subject: string, other = DENY) =>
  (await callgate(['diff', subject, other, '-q'])).status === 0;

describe('convert', () => {
  it('writes one text file to stdout, and says that it is proven equal', async () => {
    const { status, stdout, stderr } = await run(DENY, '--to', 'spo-v1', '--name', 'no-mkdir');
    expect([status, stdout]).toEqual([0, expect.stringContaining('  name: no-mkdir\n')]);
    expect(stderr).toContain('spo-v1: proven equal');
    expect(await equalTo(written('spo.yaml', stdout))).toBe(true);
    expect((await run(DENY, '--to', 'spo-v1', '-q')).stderr).toBe('');
  });

  it.each(CARRIERS.filter(({ write, enforcer }) => write && enforcer !== 'sandbox').map(({ id }) => id))(
    '%s is written into a folder, and every command reads it there',
    async (id) => {
      const out = path(`out-${id}`);
      const answers = id === 'crio-annotation' ? ['--set', 'repository=r.example/web'] : [];
      expect((await run(DENY, '--to', id, '-o', `${out}/`, ...answers)).status).toBe(0);
      const files = readdirSync(out, { recursive: true, encoding: 'utf8' });
      const subjects = existsSync(join(out, 'oci-layout'))
        ? ['']
        : [...files, ...(files.includes('artifact') ? ['artifact'] : [])];
      const read = await Promise.all(subjects.map((name) => equalTo(join(out, name))));
      expect(read.filter((isEqual) => isEqual).length, files.join()).toBeGreaterThan(
        id === 'podman-label' ? -1 : 0,
      );
    },
  );

  it('several files need a folder, or an archive that is read again', async () => {
    const { status, stderr } = await run(DENY, '--to', 'oci-artifact');
    expect([status, stderr]).toEqual([2, expect.stringContaining('give a folder with -o, or FILE.tar')]);
    expect((await run(DENY, '--to', 'oci-artifact', '-o', path('a.tar'))).status).toBe(0);
    expect(await equalTo(path('a.tar'))).toBe(true);
    const again = await run(path('a.tar'), '--to', 'oci-artifact', '-o', path('b.tar'), '--name', 'deny');
    expect(again.status).toBe(0);
    const first = await run(DENY, '--to', 'oci-artifact', '-o', path('c.tar'), '--name', 'deny');
    expect(first.status).toBe(0);
    expect(readFileSync(path('b.tar')).equals(readFileSync(path('c.tar')))).toBe(true);
  });

  it('what a carrier cannot hold is an error at its place, and nothing is written', async () => {
    const { status, stdout, stderr } = await run(LARGE, '--to', 'spo-v1');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(
      `${LARGE}:3:${COLUMN}: error: a SeccompProfile of the Security Profiles Operator keeps numbers up to`,
    );
    expect(stderr).toContain('[carrier-limit]');
    // The call that shows it.
    expect(stderr).toMatch(/lseek when [^\n]*\n\s+for example lseek\(offset=0xf+\)/);
    expect(stderr).toContain('nothing was written');
    const output = path('not-written.yaml');
    expect((await run(LARGE, '--to', 'spo-v1', '-o', output)).status).toBe(1);
    expect(existsSync(output)).toBe(false);
  });

  it('--best-effort writes it, and tells what differs', async () => {
    const { status, stdout, stderr } = await run(LARGE, '--to', 'spo-v1', '--best-effort');
    expect([status, stdout]).toEqual([1, expect.stringContaining('names: [cachestat]')]);
    expect(stderr).toContain('tightened');
    expect(stderr).not.toContain('proven equal');
    const document = JSON.parse((await run(LARGE, '--to', 'spo-v1', '--best-effort', '--json')).stdout);
    expect(document).toMatchObject({
      carrier: 'spo-v1',
      equal: false,
      files: [{ path: 'large.yaml', content: stdout }],
      diagnostics: [{ code: 'carrier-limit', line: 3, column: COLUMN }],
      differences: [
        {
          syscall: 'lseek',
          change: 'tightened',
          witness: { args: ['0', '18446744073709551615', '0', '0', '0', '0'] },
        },
      ],
    });
  });

  it('--json has the files themselves, bytes in base64, unless they go to files', async () => {
    const { stdout } = await run(DENY, '--to', 'bpf', '--json');
    const { files, equal } = JSON.parse(stdout);
    expect(equal).toBe(true);
    writeFileSync(path('from-json.bpf'), Buffer.from(files[0].base64, 'base64'));
    expect(await equalTo(path('from-json.bpf'))).toBe(true);
    const other = JSON.parse((await run(DENY, '--to', 'bpf', '--json', '-o', path('x.bpf'))).stdout);
    expect(other.files).toEqual([{ path: 'deny.bpf' }]);
    expect(await equalTo(path('x.bpf'))).toBe(true);
  });

  it('filters become profiles on the way', async () => {
    await run(DENY, '--to', 'bpf', '-o', path('filter.bpf'));
    const { status, stdout } = await run(path('filter.bpf'), '--to', 'kubescape');
    expect(status).toBe(0);
    expect(await equalTo(written('kubescape.yaml', stdout))).toBe(true);
    const header = await run(path('filter.bpf'), '--to', 'c');
    expect(await equalTo(written('filter.h', header.stdout))).toBe(true);
  });

  it("Docker's keys are decided for the target, and stay where they are known", async () => {
    const capable = ['--caps', 'CAP_SYS_ADMIN'];
    const { status, stderr, stdout } = await run('stock:docker', '--to', 'oci', ...capable);
    expect(status).toBe(0);
    expect(stderr).toContain('CAP_SYS_ADMIN');
    const oci = written('oci.json', stdout);
    const differs = await callgate(['diff', 'stock:docker', oci, ...capable, '--runtime', 'docker', '-q']);
    expect(differs.status).toBe(0);
    expect(await equalTo(oci, 'stock:docker')).toBe(false);
    const docker = written('docker.json', (await run('stock:docker', '--to', 'docker')).stdout);
    expect((await callgate(['diff', 'stock:docker', docker, ...capable, '-q'])).status).toBe(0);
  });

  it('says what it can be told', async () => {
    const { status, stdout } = await run('--list');
    expect(status).toBe(0);
    for (const { id } of CARRIERS) expect(stdout).toContain(id);
    expect(stdout).toContain('--set kubelet=…');
    const { carriers } = JSON.parse((await run('--list', '--json')).stdout);
    expect(carriers.map(({ id }: { id: string }) => id)).toEqual(CARRIERS.map(({ id }) => id));
  });

  it.each([
    [[], 'a profile is needed'],
    [[DENY], '--to is needed'],
    [[DENY, '--to', 'spo'], 'Allowed choices'],
    [[DENY, '--to', 'oci', '--name', 'Not This'], 'such as not-this'],
    [[DENY, '--to', 'oci', '--set', 'a=b'], 'oci asks nothing'],
    [[DENY, '--to', 'daemonset', '--set', 'image'], 'write it as KEY=VALUE'],
    [[DENY, '--to', 'daemonset', '--set', 'image=a', '--set', 'image=b'], 'given twice'],
    [[DENY, '--to', 'daemonset', '--set', 'kubelet=x'], 'absolute path'],
    [[DENY, '--to', 'crio-annotation'], '--set: crio-annotation needs repository'],
  ])('%j is not understood', async (args, message) => {
    const { status, stderr } = await run(...args);
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('an image layout', () => {
  const layout = (name: string) => {
    mkdirSync(path(name), { recursive: true });
    writeFileSync(join(path(name), 'oci-layout'), '{"imageLayoutVersion": "1.0.0"}');
    return path(name);
  };

  it('and an archive of one are judged as the profile in them', async () => {
    await run(DENY, '--to', 'oci-artifact', '-o', `${path('judged')}/`);
    await run(DENY, '--to', 'oci-artifact', '-o', path('judged.tar'));
    const codes = async (subject: string) =>
      JSON.parse((await callgate(['lint', subject, '--json'])).stdout).findings.map(
        ({ code }: { code: string }) => code,
      );
    const plain = await codes(DENY);
    expect(plain).toContain('default-allow');
    expect([await codes(path('judged')), await codes(path('judged.tar'))]).toEqual([plain, plain]);
  });

  it('without a profile is told so', async () => {
    const empty = layout('empty');
    const { status, stderr } = await callgate(['show', empty]);
    expect([status, stderr]).toEqual([2, expect.stringContaining('[bad-artifact]')]);
    writeFileSync(join(empty, 'index.json'), '{"manifests": [{"digest": "sha256:/../../x", "size": 1}]}');
    expect((await callgate(['show', empty])).stderr).toContain('points to no manifest');
  });
});
