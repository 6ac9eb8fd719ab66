import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callgate } from '@callgate/testing/callgate';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'callgate-secure-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const POD = `apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - {name: app, image: example.test/app:1} # mine
`;
const SECURED = `${POD}  securityContext:\n    seccompProfile:\n      type: RuntimeDefault\n`;
const ROLLOUT = POD.replace('v1', 'argoproj.io/v1alpha1')
  .replace('Pod', 'Rollout')
  .replace(
    /spec:\n[\s\S]*/,
    'spec: {selector: {}, template: {spec: {containers: [{name: app, image: a}]}}}\n',
  );

const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return name;
};
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const secure = (...args: string[]) => callgate(['secure', ...args], { cwd: folder });

describe('secure', () => {
  it('writes the changed text, and tells what it changed and what should be known', async () => {
    const pod = file('pod.yaml', POD);
    expect(await secure(pod)).toEqual({
      status: 0,
      stdout: SECURED,
      stderr: `callgate: pod.yaml:4:1: Pod web: has to be made anew where it exists (delete and apply): a pod cannot be changed
callgate: pod.yaml: Pod web: added spec.securityContext
`,
    });
    expect(read(pod)).toBe(POD);
    expect(await secure(pod, '-q')).toEqual({ status: 0, stdout: SECURED, stderr: '' });
    expect(await callgate(['secure', '-', '-q'], { input: POD })).toMatchObject({ stdout: SECURED });
  });

  it('changes files in their place; what is fine stays', async () => {
    const [a, b] = [file('a.yaml', POD), file('b.yaml', SECURED)];
    expect(await secure(a, b, '--check')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining(
        'callgate: a.yaml: would be changed\ncallgate: b.yaml: nothing to change\n',
      ),
    });
    expect(read(a)).toBe(POD);
    expect(await secure(a, b, '--in-place', '-q')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect([read(a), read(b)]).toEqual([SECURED, SECURED]);
    expect(await secure(a, b, '--check', '-q')).toMatchObject({ status: 0 });
  });

  it('writes one to a file and several to a folder', async () => {
    const pod = file('pod.yaml', POD);
    expect(await secure(pod, '-o', 'out.yaml', '-q')).toMatchObject({ status: 0, stdout: '' });
    expect(read('out.yaml')).toBe(SECURED);
    mkdirSync(join(folder, 'more'), { recursive: true });
    file('more/pod.yaml', POD);
    const other = file('other.yaml', '# nothing\n');
    expect(await secure(pod, other)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('2 files: -o FOLDER/, or --in-place'),
    });
    expect(await secure(pod, other, '-o', 'new/', '-q')).toMatchObject({ status: 0 });
    expect([read('new/pod.yaml'), read('new/other.yaml')]).toEqual([SECURED, '# nothing\n']);
    expect(await secure(pod, 'more/pod.yaml', '-o', 'new/')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('two files would be written to new/pod.yaml'),
    });
  });

  it('takes a profile and names, which have to be right', async () => {
    const pod = file('pod.yaml', POD);
    const { stdout } = await secure(pod, '--profile', 'p/a.json', '--container', 'app', '-q');
    expect(stdout).toBe(
      POD.replace(
        'app:1}',
        'app:1, securityContext: {seccompProfile: {type: Localhost, localhostProfile: p/a.json}}}',
      ),
    );
    for (const [wrong, said] of [
      [
        ['--profile', '/p/a.json'],
        `callgate: --profile "/p/a.json": no path that Kubernetes takes: it is absolute`,
      ],
      [['--profile', 'a/../../b'], 'it has a ".." part'],
      [['--profile', ''], 'it is empty'],
      [['--container', 'app,apq'], 'callgate: no container or service is named "apq"'],
      [['--check', '--in-place'], '--check and --in-place do not go together'],
      [['--patch', 'json', '--in-place'], '--patch leaves the files as they are'],
    ] as const)
      expect(await secure(pod, ...wrong)).toMatchObject({
        status: 2,
        stdout: '',
        stderr: expect.stringContaining(said),
      });
    expect(await secure(pod, '--no-privilege-escalation', '-q')).toMatchObject({
      stdout: expect.stringContaining('securityContext: {allowPrivilegeEscalation: false}}'),
    });
  });

  it('says how Unconfined can be replaced, and does it when asked', async () => {
    const text = SECURED.replace('RuntimeDefault', 'Unconfined');
    const pod = file('unconfined.yaml', text);
    expect(await secure(pod)).toMatchObject({
      stdout: text,
      stderr: expect.stringContaining(
        'unconfined.yaml:8:5: Pod web: the pod is Unconfined, and says so: left alone; --replace-unconfined changes it',
      ),
    });
    expect(await secure(pod, '--replace-unconfined')).toMatchObject({ stdout: SECURED });
  });

  it('refuses templates of Helm and what it cannot edit with one line', async () => {
    const chart = file('chart.yaml', POD.replace('web', '{{ .Release.Name }}'));
    expect(await secure(chart, '--in-place')).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'callgate: chart.yaml:3:18: error: this is a template of Helm ("{{"), not what it makes; render it first, with helm template, or set the field in the chart itself [yaml-syntax]\n',
    });
    const anchored = file(
      'anchored.yaml',
      POD.replace(
        '{name: web}',
        '{name: web, annotations: {seccomp.security.alpha.kubernetes.io/pod: &x unconfined}}',
      ).replace('app:1}', 'app:1, workingDir: *x}'),
    );
    expect(await secure(anchored, '--replace-unconfined', '--in-place')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^callgate: anchored.yaml:1:1: Pod web is written so that no edit .*\n$/),
    });
  });

  it('writes patches', async () => {
    const rollout = file('rollout.yaml', ROLLOUT);
    const pod = file('pod.yaml', POD);
    const json = await secure(rollout, '--patch', 'json', '-q');
    expect(JSON.parse(json.stdout)).toEqual([
      {
        op: 'add',
        path: '/spec/template/spec/securityContext',
        value: { seccompProfile: { type: 'RuntimeDefault' } },
      },
    ]);
    expect(await secure(rollout, pod, '--patch', 'json')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('2 objects take a patch each: -o FOLDER/, or --patch kustomize'),
    });
    expect(await secure(rollout, pod, '--patch', 'json', '-o', 'patches/', '-q')).toMatchObject({
      status: 0,
    });
    expect(read('patches/rollout-web.json')).toBe(json.stdout);
    expect(read('patches/pod-web.json')).toContain('"/spec/securityContext"');
    expect(await secure(rollout, pod, '--patch', 'strategic', '-q')).toMatchObject({
      stdout: `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: web
spec:
  template:
    spec:
      securityContext:
        seccompProfile:
          type: RuntimeDefault
---
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  securityContext:
    seccompProfile:
      type: RuntimeDefault
`,
    });
    expect(await secure(rollout, '--container', 'app', '--patch', 'strategic')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('Rollout web is a custom kind'),
    });
    mkdirSync(join(folder, 'kustom'), { recursive: true });
    expect(await secure(rollout, '--patch', 'kustomize', '-o', 'kustom/')).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('--load-restrictor LoadRestrictionsNone'),
    });
    expect(read('kustom/kustomization.yaml')).toBe(`apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - "../rollout.yaml"
patches:
  - target:
      group: argoproj.io
      version: v1alpha1
      kind: Rollout
      name: web
    patch: |-
      [
        {"op":"add","path":"/spec/template/spec/securityContext","value":{"seccompProfile":{"type":"RuntimeDefault"}}}
      ]
`);
    const compose = file('compose.yaml', 'services: {a: {image: b}}\n');
    expect(await secure(compose, '--patch', 'json')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('compose.yaml is a compose file'),
    });
  });

  it('keeps every byte, but on a terminal those that it would act on', async () => {
    const text = `${POD}# \u202ea\u001b[31m\tb\r\n`;
    const pod = file('bytes.yaml', text);
    expect((await secure(pod, '-q')).stdout).toContain('# \u202ea\u001b[31m\tb\r\n');
    expect((await callgate(['secure', pod, '-q'], { cwd: folder, isTTY: true })).stdout).toContain(
      '# \\u202ea\\x1b[31m\tb\n',
    );
  });

  it('tells all of it as one JSON document', async () => {
    const pod = file('pod.yaml', POD);
    const { stdout, stderr, status } = await secure(pod, '--json');
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(JSON.parse(stdout)).toEqual({
      changed: true,
      files: [
        {
          file: 'pod.yaml',
          changed: true,
          objects: [
            {
              apiVersion: 'v1',
              kind: 'Pod',
              name: 'web',
              changes: [
                {
                  op: 'add',
                  path: ['spec', 'securityContext'],
                  value: { seccompProfile: { type: 'RuntimeDefault' } },
                },
              ],
            },
          ],
          notices: [expect.objectContaining({ object: 'Pod web', line: 4, column: 1 })],
        },
      ],
      texts: [{ name: 'pod.yaml', text: SECURED }],
    });
    const written = await secure(pod, '--json', '-o', 'json-out.yaml');
    expect(JSON.parse(written.stdout)).not.toHaveProperty('texts');
    expect(read('json-out.yaml')).toBe(SECURED);
  });

  it('changes compose files', async () => {
    const compose = file('compose.yaml', 'services:\n  web:\n    image: a\n');
    expect(await secure(compose)).toMatchObject({
      status: 0,
      stderr: 'callgate: compose.yaml: nothing to change\n',
    });
    expect(await secure(compose, '--profile', '../p.json', '-q')).toMatchObject({
      status: 0,
      stdout: 'services:\n  web:\n    image: a\n    security_opt:\n      - seccomp=../p.json\n',
    });
  });
});
