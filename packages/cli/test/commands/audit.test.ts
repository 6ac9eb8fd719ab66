import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FINDING_FORMATS } from '@callgate/engine/internal/report/finding-formats';
import { callgate } from '@callgate/testing/callgate';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-audit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function pod(name: string, context = '{}', extra = ''): string {
  return `apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  ${extra}
  containers:
  - name: app
    image: example.test/app:1
    securityContext: ${context}
`;
}

const DEFAULT = '{seccompProfile: {type: RuntimeDefault}}';
const open = written('open.yaml', pod('open'));
const tight = written('tight.yaml', pod('tight', DEFAULT));

async function audited(args: string[], input?: string) {
  const { status, stdout, stderr } = await callgate(['audit', ...args, '--json'], { input });
  expect(stderr === '').toBe(status < 2);
  return { status, stderr, ...JSON.parse(stdout) };
}

describe('audit', () => {
  it('ends with 1 where it finds something, with 0 where it finds nothing', async () => {
    expect((await callgate(['audit', open])).status).toBe(1);
    expect((await callgate(['audit', tight])).status).toBe(0);
    expect((await callgate(['audit', open, '--fail-on', 'critical'])).status).toBe(0);
  });

  it('has the keys in JSON that scripts rely on', async () => {
    const { containers, findings } = await audited([open]);
    expect(containers).toEqual([
      expect.objectContaining({
        workload: 'Pod/open',
        container: 'app',
        effective: { type: 'Unconfined', because: expect.stringMatching(/seccompDefault/) },
        baseline: true,
        restricted: false,
        file: open,
        line: 7,
      }),
    ]);
    expect(findings[0]).toMatchObject({
      code: 'unconfined',
      severity: 'high',
      file: open,
      line: 7,
      column: 11,
    });
    expect(findings[0].related).toContain('CKV_K8S_31');
  });

  it('reads what other programs print, with the lines of the whole', async () => {
    const { containers } = await audited(['-'], `# Source: a\n---\n${pod('a', DEFAULT)}---\n${pod('b')}`);
    expect(
      containers.map(({ workload, line }: { workload: string; line: number }) => [workload, line]),
    ).toEqual([
      ['Pod/a', 9],
      ['Pod/b', 19],
    ]);
  });

  it('knows the kubelet by its configuration', async () => {
    const config = written('kubelet.yaml', 'kind: KubeletConfiguration\nseccompDefault: yes\n');
    const configz = written('configz.json', '{"kubeletconfig": {"seccompDefault": true}}');
    for (const flags of [['--seccomp-default'], ['--kubelet-config', config], ['--kubelet-config', configz]])
      expect((await audited([open, ...flags])).containers[0].effective.type).toBe('RuntimeDefault');
  });

  it('passes over templates in a folder, and fails for what cannot be read otherwise', async () => {
    written('chart/templates/pod.yaml', `kind: Pod\nmetadata: {{- include "x" . | nindent 2 }}\n`);
    written('chart/pod.yaml', pod('rendered', DEFAULT));
    const { status, findings } = await audited([join(folder, 'chart')]);
    expect(status).toBe(0);
    expect(findings).toEqual([expect.objectContaining({ code: 'not-read', severity: 'info' })]);
    const broken = written('broken.yaml', 'kind: Pod\nmetadata: [\n');
    const failed = await audited([broken]);
    expect(failed.status).toBe(2);
    expect(failed.stderr).toContain(`${broken}:3:1: error: `);
    expect(failed.findings[0]).toMatchObject({ code: 'not-read', file: broken, line: 3 });
  });

  it('takes namespaces and static pods that come in any order', async () => {
    const namespace =
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: tight, labels: {pod-security.kubernetes.io/enforce: restricted}}\n';
    const inTight = pod('p').replace('{name: p}', '{name: p, namespace: tight}');
    const later = await audited(['-'], `${inTight}---\n${namespace}`);
    expect(later.findings[0]).toMatchObject({ code: 'pod-security', severity: 'critical' });
    written('static/pod.yaml', inTight);
    const fixed = await audited(['-', '--static', join(folder, 'static')], namespace);
    const found = fixed.findings.find(({ code }: { code: string }) => code === 'pod-security');
    expect(found).toMatchObject({ severity: 'high', message: expect.stringContaining('mirror') });
  });

  it('says on which nodes the file of a profile is missing', async () => {
    written('one/web.json', '{"defaultAction": "SCMP_ACT_ALLOW"}');
    written('two/other.json', '{}');
    const named = written(
      'named.yaml',
      pod('named', '{seccompProfile: {type: Localhost, localhostProfile: ./web.json}}'),
    );
    const nodes = ['one', 'two'].flatMap((node) => ['--node-profiles', `${node}=${join(folder, node)}`]);
    const { findings } = await audited([named, tight, ...nodes]);
    expect(findings.filter(({ code }: { code: string }) => code === 'localhost-missing')).toEqual([
      expect.objectContaining({
        severity: 'high',
        message: expect.stringMatching(/web\.json is not on two$/),
      }),
    ]);
    expect((await callgate(['audit', named, '--node-profiles', 'one'])).stderr).toContain(
      'write it as NODE=DIR',
    );
  });

  it('tells the story of a container', async () => {
    const { status, stdout } = await callgate(['audit', open, '--explain', 'Pod/open/app']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/the kubelet +has no seccompDefault[\s\S]*the kernel +has no filter/);
    const { stderr } = await callgate(['audit', open, '--explain', 'Pod/open/ap']);
    expect(stderr).toContain('did you mean Pod/open/app?');
  });

  it('shows which calls pass under which filter', async () => {
    const { stdout } = await callgate(['audit', open, tight, '--matrix']);
    expect(stdout).toMatch(/^ptrace +● ● /m);
    expect(stdout).toMatch(/^bpf +● · /m);
    expect(stdout).toMatch(/^A {2}no filter: Pod\/open app$/m);
  });

  it.each(FINDING_FORMATS.map(({ id }) => id))('writes %s', async (id) => {
    const output = join(folder, `audit.${id}`);
    const { status, stderr } = await callgate(['audit', open, tight, '--format', id, '-o', output]);
    expect([status, stderr]).toEqual([1, '']);
    expect(readFileSync(output, 'utf8')).toContain('unconfined');
  });

  it('reads the rest of a folder beside a file that is no text', async () => {
    written('mixed/pod.yaml', pod('seen'));
    writeFileSync(join(folder, 'mixed/latin.yaml'), Buffer.from('name: caf\u00e9\n', 'latin1'));
    const { status, containers, findings } = await audited([join(folder, 'mixed')]);
    expect(status).toBe(2);
    expect(containers).toHaveLength(1);
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'not-read', file: join(folder, 'mixed/latin.yaml'), line: 1 }),
    );
  });

  it('takes time as a list is long, and not as its square', async () => {
    const items = Array.from({ length: 4000 }, (_, i) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `pod-${i}`, annotations: { about: Array(40).fill('x') } },
      spec: { containers: [{ name: 'app', image: 'example.test/app:1' }] },
    }));
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 1);
    const crowd = { ...items[0], spec: { containers: Array(30_000).fill({ name: 'a', image: 'a' }) } };
    const begun = performance.now();
    expect((await audited(['-'], list)).containers).toHaveLength(4000);
    expect((await audited(['-'], JSON.stringify(crowd))).containers).toHaveLength(30_000);
    expect(performance.now() - begun).toBeLessThan(20_000);
  }, 60_000);

  it('shows no text from outside as it is', async () => {
    const { stdout } = await callgate(['audit', '-', '--all'], {
      input: pod('"x\\u001b[31m"', '{seccompProfile: {type: "\\u001b]0;x\\u0007"}}'),
    });
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  it.each([
    [[], 'what is to be audited'],
    [['-'], 'there is no document to audit'],
    [[written('nothing.yaml', '# nothing')], 'there is no document to audit'],
    [[written('only.yaml', 'a: {{ .Values.a }}\n')], 'there are only templates that are not rendered'],
    [[open, '-n', 'shop'], '--namespace is for --cluster'],
    [[open, '--nodes'], '--nodes is for --cluster'],
    [['no-such-file.yaml'], 'cannot read no-such-file.yaml: no such file or folder'],
    [[open, '--runtime', 'strict'], '--runtime: nodes have containerd, crio, docker, podman, runc or crun'],
    [[open, '--kubernetes', 'two'], '"two" is no release of Kubernetes; write it as 1.31'],
    [[open, '--pod-security', '2'], '"2" is no version; write latest or v1.25'],
    [[open, '--profiles', open], 'is no folder'],
    [[open, '--json', '--format', 'html'], '--json is --format json, not html'],
  ])('%j: %s', async (args, said) => {
    const { status, stderr } = await callgate(['audit', ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain(said);
  });
});
