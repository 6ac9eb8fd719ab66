import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredObject } from '@callgate/testing/api-resources';
import { ApiServer } from '@callgate/testing/api-server';
import { callgate } from '@callgate/testing/callgate';
import { Undo } from '@callgate/testing/recorded';
import { describeWith } from '@callgate/testing/requirements';
import { afterAll, expect, it } from 'vitest';

const undo = new Undo();
afterAll(() => undo.run());
let uid = 0;

function stored(apiVersion: string, kind: string, metadata: object, rest: object): StoredObject {
  return { apiVersion, kind, metadata: { uid: `u${++uid}`, ...metadata }, ...rest } as StoredObject;
}

const DEFAULT = { seccompProfile: { type: 'RuntimeDefault' } };
const container = (name: string, securityContext = {}) => ({
  name,
  image: 'example.test/app:1',
  securityContext,
});
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [container('app', DEFAULT)] } };
const ownedBy = (kind: string, name: string) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, controller: true }],
});

function webPod(name: string, containers: object[]): StoredObject {
  const labels = { 'pod-template-hash': 'abc12' };
  const metadata = { name, namespace: 'shop', labels, ...ownedBy('ReplicaSet', 'web-abc12') };
  return stored('v1', 'Pod', metadata, { spec: { containers } });
}

const node = (name: string, runtime: string) =>
  stored(
    'v1',
    'Node',
    { name },
    {
      status: {
        nodeInfo: { containerRuntimeVersion: runtime, kubeletVersion: 'v1.36.3', architecture: 'amd64' },
      },
    },
  );

const OBJECTS = [
  stored(
    'v1',
    'Namespace',
    { name: 'shop', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    {},
  ),
  stored('v1', 'Namespace', { name: 'lab' }, {}),
  node('one', 'cri-o://1.31.2'),
  stored('apps/v1', 'Deployment', { name: 'web', namespace: 'shop' }, { spec: { selector: {}, template } }),
  webPod('web-abc12-1', [container('app', DEFAULT)]),
  webPod('web-abc12-2', [container('app', DEFAULT), container('injected')]),
  webPod('web-abc12-3', [container('app', DEFAULT), container('injected')]),
  stored(
    'v1',
    'Pod',
    { name: 'alone', namespace: 'lab' },
    {
      spec: {
        containers: [
          container('app', {
            seccompProfile: { type: 'Localhost', localhostProfile: 'operator/lab/web.json' },
          }),
        ],
      },
    },
  ),
  stored(
    'security-profiles-operator.x-k8s.io/v1beta1',
    'SeccompProfile',
    { name: 'web', namespace: 'lab' },
    {
      status: { localhostProfile: 'operator/lab/web.json' },
    },
  ),
  stored(
    'security-profiles-operator.x-k8s.io/v1alpha1',
    'SecurityProfileNodeStatus',
    { name: 'web-one', namespace: 'lab', labels: { 'spo.x-k8s.io/profile-id': 'SeccompProfile-web' } },
    { nodeName: 'one', status: 'Pending' },
  ),
];

async function audited(args: string[], rules?: ConstructorParameters<typeof Array>[0]) {
  const folder = undo.folder();
  const server = await ApiServer.start(folder, OBJECTS, rules as never);
  const config = join(folder, 'config');
  writeFileSync(config, JSON.stringify(server.kubeconfig()));
  try {
    const result = await callgate(['audit', '--cluster', ...args], { env: { KUBECONFIG: config } });
    return { ...result, server };
  } finally {
    await server.stop();
  }
}

describeWith(['openssl'], 'audit --cluster', () => {
  it('tells every container once, and what was injected into pods', async () => {
    const { status, stdout, stderr, server } = await audited(['-A', '--json']);
    const { containers } = JSON.parse(stdout) as { containers: { workload: string; container: string }[] };
    expect(containers.map(({ workload, container }) => `${workload} ${container}`).sort()).toEqual([
      'Deployment/web app',
      'Pod/alone app',
      'Pod/web-abc12-2 app',
      'Pod/web-abc12-2 injected',
    ]);
    expect(status).toBe(1);
    expect(stderr).toContain('2 pods more like those that are told');
    expect(server.written).toEqual([]);
  });

  it('knows the runtime by the nodes, unless somebody says which', async () => {
    const runtimes = async (...args: string[]) => {
      const { stdout } = await audited(['-n', 'lab', '--json', ...args]);
      return JSON.parse(stdout).containers.map(({ runtime }: { runtime: string }) => runtime);
    };
    expect(await runtimes()).toEqual(['crio']);
    expect(await runtimes('--runtime', 'containerd')).toEqual(['containerd']);
  });

  it('says on which nodes a file is missing, and how kubelets are set', async () => {
    const { stdout } = await audited(['-n', 'lab', '--nodes']);
    expect(stdout).toMatch(/^one {2}cri-o:\/\/1\.31\.2 {2}Kubernetes 1\.36 {2}amd64 {2}seccompDefault: /m);
    expect(stdout).toContain('operator/lab/web.json is not on one (Pending)');
  });

  it('says what may not be seen, and which right it needs', async () => {
    const { status, stderr } = await audited(['-A'], [
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
    ] as never);
    expect(status).toBe(1);
    expect(stderr).toMatch(/not seen: .*deployments/);
  });

  it('ends with a line where there is no cluster', async () => {
    const { status, stderr } = await callgate(['audit', '--cluster'], {
      env: { KUBECONFIG: '/no/such/file', HOME: undo.folder() },
    });
    expect(status).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
